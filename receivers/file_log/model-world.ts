import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Rig } from './rig.ts';

/** What may happen to a log file, and to the agent that follows it. */
export type Step =
  | { readonly kind: 'append'; readonly lines: number; readonly width: number }
  | { readonly kind: 'partial' | 'rename' | 'renameLate' | 'copytruncate' | 'recreate' | 'restart' | 'crash' | 'compress' | 'downtime' }
  | { readonly kind: 'hold'; readonly isHolding: boolean }
  | { readonly kind: 'settle'; readonly index: number; readonly isDurable: boolean }
  | { readonly kind: 'wait'; readonly ms: number };

export interface Variant {
  readonly includesRotated: boolean;
  /** Longer than a fingerprint: all files begin alike. */
  readonly hasHeader: boolean;
  readonly kind: 'gz' | 'zst';
}

const HEADER = `${'#'.repeat(1200)}\n`;
const KEPT = 4;

/** A log file, those who write and rotate it, and the receiver. */
export class World {
  readonly rig: Rig;
  readonly written: string[] = [];
  readonly #variant: Variant;
  #number = 0;
  #rest = '';
  #isUp = false;

  constructor(variant: Variant) {
    this.#variant = variant;
    const pattern = variant.includesRotated ? 'app.log*' : 'app.log';
    this.rig = new Rig({
      read_chunk_size: 4096,
      max_log_size: 8192,
      force_flush_period: '0s',
      compression: variant.includesRotated ? 'auto' : '',
      max_batch_records: 50,
    });
    this.rig.start = this.rig.start.bind(this.rig, { include: [this.rig.path(pattern)] });
  }

  async up(): Promise<void> {
    if (!this.#isUp) await this.rig.start();
    this.#isUp = true;
  }

  get log(): string {
    return this.rig.path('app.log');
  }

  #line(width: number): string {
    const fill = String.fromCharCode(97 + (this.#number % 26));
    const line = `${this.#number++} ${fill.repeat(width)}.`;
    this.written.push(line);
    return `${line}\n`;
  }

  /** Longer than a fingerprint and the same in all files; what makes them different comes behind it. */
  #header(): string {
    return this.#variant.hasHeader ? `${HEADER}${this.#line(5)}` : '';
  }

  #begin(): void {
    if (this.#variant.hasHeader && !existsSync(this.log)) writeFileSync(this.log, this.#header());
  }

  append(lines: number, width: number): void {
    this.#begin();
    let text = this.#rest;
    this.#rest = '';
    for (let i = 0; i < lines; i++) text += this.#line(width);
    this.rig.append('app.log', text);
  }

  partial(): void {
    this.#begin();
    const line = this.#rest === '' ? this.#line(40) : this.#rest;
    const half = line.slice(0, Math.ceil(line.length / 2));
    this.#rest = line.slice(half.length);
    this.rig.append('app.log', half);
  }

  #complete(): void {
    if (this.#rest === '') return;
    this.rig.append('app.log', this.#rest);
    this.#rest = '';
  }

  /** Of an empty file nothing is known by which it could be found again under a name that nobody asked for. */
  #hasContent(): boolean {
    return existsSync(this.log) && (this.#variant.includesRotated || statSync(this.log).size > 0);
  }

  /** A file that came and went before anybody looked, to a name that nobody asked for, cannot be known. */
  async #seen(): Promise<void> {
    if (this.#variant.includesRotated) return;
    await this.up();
    for (let i = 0; i < 8; i++) await this.rig.pass(50);
  }

  /** Makes room for a new app.log.1. What falls off the end has been read by then. */
  async #shift(): Promise<void> {
    const last = this.#rotated(KEPT);
    if (last) {
      await this.caughtUp();
      unlinkSync(last);
    }
    for (let i = KEPT - 1; i >= 1; i--) {
      const from = this.#rotated(i);
      if (from) renameSync(from, from.replace(`app.log.${i}`, `app.log.${i + 1}`));
    }
  }

  #rotated(number: number): string | undefined {
    return [`app.log.${number}`, `app.log.${number}.${this.#variant.kind}`]
      .map((name) => this.rig.path(name))
      .find((path) => existsSync(path));
  }

  async rename(late: number): Promise<void> {
    if (!this.#hasContent()) return;
    await this.#seen();
    this.#complete();
    await this.#shift();
    const descriptor = openSync(this.log, 'a');
    renameSync(this.log, this.rig.path('app.log.1'));
    writeFileSync(this.log, this.#header());
    for (let i = 0; i < late; i++) writeSync(descriptor, this.#line(20));
    closeSync(descriptor);
  }

  async copytruncate(): Promise<void> {
    if (!existsSync(this.log)) return;
    await this.#seen();
    this.#complete();
    await this.#shift();
    copyFileSync(this.log, this.rig.path('app.log.1'));
    truncateSync(this.log, 0);
    if (this.#variant.hasHeader) writeFileSync(this.log, this.#header(), { flag: 'a' });
  }

  async recreate(): Promise<void> {
    if (!existsSync(this.log)) return;
    this.#complete();
    await this.caughtUp();
    rmSync(this.log);
    this.append(2, 10);
  }

  compress(): void {
    const path = this.rig.path('app.log.1');
    if (!existsSync(path)) return;
    const pack = this.#variant.kind === 'gz' ? gzipSync : zstdCompressSync;
    writeFileSync(`${path}.${this.#variant.kind}`, pack(readFileSync(path)));
    unlinkSync(path);
  }

  async caughtUp(): Promise<void> {
    this.#complete();
    await this.up();
    this.rig.sink.isHolding = false;
    this.rig.sink.release();
    const wanted = new Set(this.written);
    await this.rig.until(() => {
      for (const body of this.rig.sink.bodies) wanted.delete(String(body));
      return wanted.size === 0;
    }, 60_000);
    if (wanted.size > 0) throw new Error(`lost: ${[...wanted].slice(0, 3).join(' | ')} (${wanted.size} lines)`);
  }

  async play(one: Step): Promise<void> {
    const { sink } = this.rig;
    switch (one.kind) {
      case 'append':
        return this.append(one.lines, one.width);
      case 'partial':
        return this.partial();
      case 'rename':
        return this.rename(0);
      case 'renameLate':
        return this.rename(3);
      case 'copytruncate':
        return this.copytruncate();
      case 'recreate':
        return this.recreate();
      case 'compress':
        return this.compress();
      case 'restart':
        await this.rig.stop();
        sink.held.length = 0;
        this.#isUp = false;
        return this.up();
      case 'downtime':
        await this.rig.stop();
        sink.held.length = 0;
        this.#isUp = false;
        return undefined;
      case 'crash':
        if (!this.#isUp) return undefined;
        // What was answered a moment ago is in storage only after the next commit.
        await this.rig.clock.advance(0);
        // Two files that begin alike, and one of them unread: only a look at the time would have told them apart.
        if (this.#variant.hasHeader) await this.#seen();
        await this.rig.crash();
        this.#isUp = false;
        return this.up();
      case 'hold':
        sink.isHolding = one.isHolding;
        if (!one.isHolding) sink.release();
        return undefined;
      case 'settle':
        return sink.settle(one.index, one.isDurable);
      case 'wait':
        await this.up();
        await this.rig.clock.advance(one.ms);
        return undefined;
    }
  }
}
