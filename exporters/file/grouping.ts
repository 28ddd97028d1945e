import { dirname } from 'node:path';
import type { Counter, Host } from '#component';
import { keyOf, resourceAttributes, toJson, type AttributeValue, type Key, type LogBatch, type Origin } from '#model';
import type { GroupByConfig } from './config.ts';

const SEGMENT_BYTES_MAX = 128;
const HASH_DIGITS = 16;
const UNSAFE = /[^\p{L}\p{N}._-]/gu;
// A value must not make a file look like the backup of another one, which would be deleted some day.
const STAMP_T = /(\d{4}-\d{2}-\d{2})T(?=\d{2}-\d{2}-\d{2}\.)/g;

/** Some rows of a batch, as a batch, and the file they belong to. */
interface Part {
  readonly path: string;
  readonly batch: LogBatch;
}

/** Sends each row to the file that its attribute names: the value, made harmless, takes the place of `*` in the path. */
export class Grouping {
  readonly #host: Host;
  readonly #config: GroupByConfig;
  readonly #before: string;
  readonly #after: string;
  readonly #key: Key | undefined;
  readonly #pathOf = new Map<string, string>();
  readonly #resourcePaths = new WeakMap<Origin, string>();
  readonly #overflowed: Counter;
  #spare: LogBatch | undefined;

  constructor(host: Host, pattern: string, config: GroupByConfig) {
    this.#host = host;
    this.#config = config;
    const star = pattern.indexOf('*');
    this.#before = pattern.slice(0, star);
    this.#after = pattern.slice(star + 1);
    this.#key = config.attribute === '' ? undefined : keyOf(config.attribute);
    this.#overflowed = host.metrics.counter(
      'winnow_exporter_file_overflow_values',
      'Log records written to the fallback file because there were max_files files.',
    );
  }

  /** A part is valid until the next one is asked for; together they have every live row once, each file's in order. */
  *split(batch: LogBatch): Generator<Part> {
    const rowsOf = new Map<string, number[]>();
    for (let row = 0; row < batch.length; row++) {
      if (batch.isDropped[row] === 1) continue;
      const path = this.#pathOfRow(batch, row);
      const rows = rowsOf.get(path);
      if (rows) rows.push(row);
      else rowsOf.set(path, [row]);
    }
    const [only] = rowsOf.keys();
    if (only !== undefined && rowsOf.size === 1) return yield { path: only, batch };
    const isDropped = new Uint8Array(batch.length).fill(1);
    for (const [path, rows] of rowsOf) {
      for (const row of rows) isDropped[row] = 0;
      const part = batch.view(batch.deliveries, this.#spare);
      this.#spare = part;
      part.isDropped = isDropped;
      part.length = (rows.at(-1) ?? -1) + 1;
      yield { path, batch: part };
      for (const row of rows) isDropped[row] = 1;
    }
  }

  #pathOfRow(batch: LogBatch, row: number): string {
    if (this.#key) return this.#pathFor(batch.attribute(row, this.#key));
    const resource = batch.resources[batch.resourceOf[row] as number] as Origin;
    let path = this.#resourcePaths.get(resource);
    if (path === undefined) {
      path = this.#pathFor(resourceAttributes(resource)[this.#config.resource_attribute]);
      this.#resourcePaths.set(resource, path);
    }
    return path;
  }

  #pathFor(value: AttributeValue | undefined): string {
    const text = typeof value === 'string' ? value : value === undefined || value === null ? '' : toJson(value);
    const known = this.#pathOf.get(text);
    if (known !== undefined) return known;
    const fallback = this.#pathWith(this.#config.fallback);
    if (this.#pathOf.size >= this.#config.max_files) {
      if (this.#overflowed.value === 0) {
        const facts = { attribute: this.#config.attribute || this.#config.resource_attribute, path: fallback };
        this.#host.log.warn('There are max_files files; records with further values go to the fallback file.', facts);
      }
      this.#overflowed.add(1);
      return fallback;
    }
    let path = text === '' ? fallback : this.#pathWith(text);
    if (!this.#isFree(path)) {
      this.#host.log.warn('A value names something that is not a file; its records go to the fallback file.', { path });
      path = fallback;
    }
    this.#pathOf.set(text, path);
    return path;
  }

  #pathWith(value: string): string {
    return this.#before + segmentOf(value) + this.#after;
  }

  /** False when a value leads to a folder, a device or a link: what is there is not ours to follow. */
  #isFree(path: string): boolean {
    const { fs } = this.#host;
    const file = fs.lstatSync(path, { throwIfNoEntry: false });
    if (file && !file.isFile()) return false;
    const slash = this.#after.lastIndexOf('/');
    if (slash < 0) return true;
    for (let folder = dirname(path); folder.length >= this.#before.length; folder = dirname(folder)) {
      const there = fs.lstatSync(folder, { throwIfNoEntry: false });
      if (there && !there.isDirectory()) return false;
    }
    return true;
  }
}

/**
 * A value as part of a file name. Letters, digits, `.`, `_` and `-` stay, other characters become `%` and their bytes in
 * hex, so that no value leads out of its place and two values never share a file. A long one is cut and ends in a hash.
 */
export function segmentOf(value: string): string {
  const harmless = value.replace(UNSAFE, percentEncoded).replace(/^\./, '%2E').replace(STAMP_T, '$1%54');
  if (Buffer.byteLength(harmless) <= SEGMENT_BYTES_MAX) return harmless;
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256').update(value).digest('hex').slice(0, HASH_DIGITS);
  let head = '';
  let bytes = 0;
  for (const character of harmless) {
    bytes += Buffer.byteLength(character);
    if (bytes > SEGMENT_BYTES_MAX - HASH_DIGITS - 1) break;
    head += character;
  }
  return `${head}~${hash}`;
}

function percentEncoded(character: string): string {
  return Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
