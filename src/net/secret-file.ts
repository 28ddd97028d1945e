import { ConfigError, messageOf, type Host, type Timer } from '#component';

// More than a thousand long tokens. A larger file is something else, named by mistake.
const BYTES_MAX = 256 * 1024;
const LOOK_MS = 1000;

export interface SecretFileSettings<Content> {
  readonly path: string;
  /** The option that names it, for messages. */
  readonly option: string;
  /** Throws when the text cannot be used. The message goes to the log, so it must not quote the text. */
  readonly parse: (text: string) => Content;
  readonly host: Host;
}

/**
 * A file with secrets, read again when it has changed: what issues tokens replaces them without a restart. The text is
 * compared, not its time, since mounted secrets are exchanged by a symbolic link. A file that cannot be used is told
 * once, and what was read before stays in use.
 */
export class SecretFile<Content> {
  readonly #settings: SecretFileSettings<Content>;
  #text: string;
  #content: Content;
  #told = '';
  #timer: Timer | undefined;

  /** Throws ConfigError when the file cannot be used. */
  constructor(settings: SecretFileSettings<Content>) {
    const { path, option, parse } = settings;
    this.#settings = settings;
    try {
      this.#text = this.#read();
      this.#content = parse(this.#text);
    } catch (error) {
      throw new ConfigError([{ path: option, message: `cannot use ${path}: ${messageOf(error)}` }], { cause: error });
    }
    this.#schedule();
  }

  get content(): Content {
    return this.#content;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#timer = this.#settings.host.clock.after(LOOK_MS, () => {
      this.#look();
      this.#schedule();
    });
  }

  #look(): void {
    const { path, parse, host } = this.#settings;
    try {
      const text = this.#read();
      if (text !== this.#text) {
        this.#content = parse(text);
        this.#text = text;
        host.log.info('A file with secrets has changed and is read again.', { 'file.path': path });
      }
      this.#told = '';
    } catch (error) {
      const reason = messageOf(error);
      if (reason === this.#told) return;
      this.#told = reason;
      host.log.warn('A file with secrets cannot be used; what was read before stays in use.', { 'file.path': path, reason });
    }
  }

  #read(): string {
    const { path, host } = this.#settings;
    const stat = host.fs.statSync(path);
    if (!stat.isFile()) throw new Error('expected a file');
    if (stat.size > BYTES_MAX) throw new Error(`expected at most ${BYTES_MAX} bytes, got ${stat.size}`);
    return host.fs.readFileSync(path, 'utf8');
  }
}
