import { RULES } from './rules.ts';
import { Scanner } from './scanner.ts';
import { SecretNames } from './secret-names.ts';

const MEBIBYTE = 2 ** 20;
/** Walks of a text that take 50 ms together on a quiet core of the kind this was made on, and how many are timed at once. */
const WALKS = 22;
const WALKS_TIMED = 11;
const TRIES = 12;

/** Near misses side by side, each as close to a finding as it can be: what took longest in a search among 2,000 forms. */
export const DENSE: readonly string[] = [
  '/authkey',
  '/Basic pwd',
  '-----BEGIN ',
  'sk-',
  'sk-proj-',
  'token=${',
  'page_token=',
  'authorization: ',
  'basic dXNlcg ',
  '4111 ',
  '4111 1111 1111 ',
  '4111 1111 1111 1112 ',
  'DE89 3704 ',
  'DE89 3704 0044 0532 0130 0',
  ' -p',
  ' -pa',
  'curl -u a ',
  'mysql -pab ',
  ' curl ssh -u 1:1',
  ' --user',
  ' -a login password $',
];

export function fill(text: string): string {
  return text.repeat(Math.ceil(MEBIBYTE / text.length)).slice(0, MEBIBYTE);
}

/** Walks over a text that ask a table for each byte. */
function walk(bytes: Uint8Array, table: Uint32Array): number {
  let sum = 0;
  for (let round = 0; round < WALKS_TIMED; round++) {
    for (let i = 0; i < bytes.length; i++) sum = (Math.imul(sum, 31) + (table[bytes[i] as number] as number)) | 0;
  }
  return sum;
}

/** Time of this thread: what else the machine does hardly counts. */
function threadMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

/** For each dense text, the time a mebibyte of it takes, and that of walks that take 50 ms on a quiet core, in turns. */
export function measure(): { text: string; scanMs: number; walksMs: number }[] {
  const scanner = new Scanner((rule) => RULES[rule].isDefault, new SecretNames([]));
  const table = new Uint32Array(256).map((_, i) => i * i);
  return DENSE.map((text) => {
    const bytes = Buffer.from(fill(text));
    let scanMs = Infinity;
    let walksMs = Infinity;
    for (let i = 0; i < TRIES; i++) {
      const ms = threadMs(() => scanner.scan(bytes, 0, bytes.length));
      scanMs = Math.min(scanMs, ms);
      if (i % 4 === 0) walksMs = Math.min(walksMs, (WALKS / WALKS_TIMED) * threadMs(() => walk(bytes, table)));
    }
    return { text, scanMs, walksMs };
  });
}
