import { ALNUM, byteSet, isTextAt, lower, runEnd } from './bytes.ts';

/** How a command takes its password. */
export interface CommandOption {
  /** The letter behind the dash. */
  readonly letter: string;
  /** Whether a blank stands before the value, nothing, or either. */
  readonly gap: 'blank' | 'none' | 'either';
  /** What divides the user's name from the password; none where the whole value is one. */
  readonly divider?: ':' | '%';
  /** A word without which it is no password: `docker login -p`, `docker run -p`. */
  readonly subcommand?: 'login';
}

const either = (letter: string): CommandOption => ({ letter, gap: 'either' });
const glued = (letter: string): CommandOption => ({ letter, gap: 'none' });
const user = (letter: string, divider: ':' | '%'): CommandOption => ({ letter, gap: 'either', divider });
const login: CommandOption = { letter: 'p', gap: 'either', subcommand: 'login' };

const COMMANDS: readonly (readonly [names: string, options: readonly CommandOption[]])[] = [
  ['curl', [user('u', ':'), user('U', ':')]],
  ['http https xh', [{ letter: 'a', gap: 'blank', divider: ':' }]],
  ['smbclient rpcclient smbget smbcacls', [user('U', '%')]],
  // With a blank before it, it is the name of the database.
  ['mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlslap mysqlbinlog mysqlpump mysqlsh mycli', [glued('p')]],
  ['mariadb mariadb-dump mariadb-admin mariadb-import mariadb-check 7z 7za 7zr 7zz rar unrar', [glued('p')]],
  ['psexec psexec64 sshpass mongo mongosh mongodump mongorestore mongoexport mongoimport', [either('p')]],
  ['docker podman nerdctl buildah skopeo crane oras helm oc az cf', [login]],
  ['zip unzip sqlcmd bcp osql ipmitool mosquitto_pub mosquitto_sub', [either('P')]],
  ['snmpget snmpgetnext snmpwalk snmpbulkwalk snmpset snmptrap', [either('A'), either('X')]],
  ['redis-cli redis-benchmark valkey-cli', [{ letter: 'a', gap: 'blank' }]],
  ['ldapsearch ldapmodify ldapadd ldapdelete ldappasswd ldapwhoami ldapcompare', [either('w')]],
  // Their ports look like the passwords of what they are told to reach: `ssh mysql -p2222`.
  ['ssh scp sftp autossh mosh', []],
];

/** All letters that say password to some command. */
export const OPTION_LETTERS: string = [...new Set(COMMANDS.flatMap(([, options]) => options.map(({ letter }) => letter)))].join('');

/** What stands before an option, and before a command that has no path. */
export const BEFORE_OPTION: Uint8Array = byteSet(' \t\0"\'');
const BEFORE_COMMAND = byteSet(' \t\r\n\0"\'`', '([=:,');
const AFTER_COMMAND = byteSet(' \t\0"\'\\');
const COMMAND = byteSet('0-9', 'A-Z', 'a-z', '_.-');
const BLANK = byteSet(' \t');
const BIN = Buffer.from('bin');
const EXE = Buffer.from('.exe');
/** How far before an option its command is looked for. */
const BACK_MAX = 512;

interface Command {
  readonly name: Buffer;
  /** None for a subcommand. */
  readonly options: readonly CommandOption[] | undefined;
}

const BY_HASH = new Map<number, Command>();
/** 1 for letters that one of the names begins with, in either case. */
const FIRST = new Uint8Array(256);
for (const [names, options] of COMMANDS) {
  for (const text of names.split(' ')) enter(text, options);
  for (const { subcommand } of options) if (subcommand !== undefined) enter(subcommand, undefined);
}

function enter(text: string, options: readonly CommandOption[] | undefined): void {
  const name = Buffer.from(text);
  const first = name[0] as number;
  FIRST[first] = FIRST[first & ~0x20] = 1;
  BY_HASH.set(hashOf(name, 0, name.length), { name, options });
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0;
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + lower(bytes[i] as number)) | 0;
  return hash;
}

/** Knows which command an option belongs to: the last one before it on its line, up to where the next one begins. */
export class CommandBefore {
  #command: Command | undefined;
  #hasSubcommand = false;
  #isRemote = false;
  /** Up to here the text was read, so that many options side by side read it once. */
  #end = 0;

  begin(from: number): void {
    this.#end = from;
    this.#forget();
  }

  #forget(): void {
    this.#command = undefined;
    this.#hasSubcommand = this.#isRemote = false;
  }

  /** True when a command that takes a port in the same letter stands before too. */
  get isRemote(): boolean {
    return this.#isRemote;
  }

  /** The options by `letter` of the command before `at` in a text that begins at `from`. */
  optionBefore(bytes: Uint8Array, from: number, at: number, letter: number): CommandOption | undefined {
    this.#readTo(bytes, from, at);
    for (const option of this.#command?.options ?? []) {
      if (option.letter.charCodeAt(0) !== letter) continue;
      return option.subcommand === undefined || this.#hasSubcommand ? option : undefined;
    }
    return undefined;
  }

  #readTo(bytes: Uint8Array, from: number, to: number): void {
    let at = this.#end;
    if (at < to - BACK_MAX) {
      at = to - BACK_MAX;
      this.#forget();
    }
    while (at < to) {
      if (COMMAND[bytes[at] as number] === 0) {
        if (isBetweenCommands(bytes, at, from)) this.#forget();
        at++;
        continue;
      }
      const end = runEnd(bytes, at, to, COMMAND);
      if (FIRST[bytes[at] as number] === 1) this.#word(bytes, from, at, end);
      at = end;
    }
    this.#end = Math.max(to, this.#end);
  }

  #word(bytes: Uint8Array, from: number, start: number, end: number): void {
    const nameEnd = isTextAt(bytes, end - EXE.length, end, EXE, true) ? end - EXE.length : end;
    const command = BY_HASH.get(hashOf(bytes, start, nameEnd));
    if (!command || nameEnd - start !== command.name.length || !isTextAt(bytes, start, nameEnd, command.name, true)) return;
    if (!command.options) {
      this.#hasSubcommand = true;
      return;
    }
    if (AFTER_COMMAND[bytes[end] as number] === 0 || !isCommandStart(bytes, from, start)) return;
    this.#command = command;
    this.#isRemote ||= command.options.length === 0;
  }
}

/** A line's end that no backslash takes back, or one of `|`, `;`, `&&` with a blank beside it. */
function isBetweenCommands(bytes: Uint8Array, at: number, from: number): boolean {
  const byte = bytes[at];
  if (byte === 0x0a) return at === from || bytes[at - 1] !== 0x5c;
  if (byte !== 0x7c && byte !== 0x3b && byte !== 0x26) return false;
  return BLANK[bytes[at + 1] as number] === 1 || (at > from && BLANK[bytes[at - 1] as number] === 1);
}

/** Of paths only those of programs: `-I/usr/include/mysql` is none. */
function isCommandStart(bytes: Uint8Array, from: number, start: number): boolean {
  if (start === from) return true;
  const before = bytes[start - 1] as number;
  if (before !== 0x2f && before !== 0x5c) return BEFORE_COMMAND[before] === 1;
  const bin = start - 1 - BIN.length;
  if (!isTextAt(bytes, bin, start - 1, BIN, true) || bin < from) return start - 2 >= from && bytes[start - 2] === 0x2e;
  return bin === from || bytes[bin - 1] === 0x73 || ALNUM[bytes[bin - 1] as number] === 0;
}
