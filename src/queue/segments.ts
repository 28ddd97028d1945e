import assert from 'node:assert';
import type { Clock, FileSystem, Logger } from '#component';
import { DONE, HEADER_BYTES, decodeHeader, decodeMeta, encodeHeader, isIntact, type Meta } from './record.ts';
import { SegmentFiles } from './segment-files.ts';
import type { Place } from './item.ts';

// Large enough that making and deleting files costs nothing, small enough that a drained queue gives its space back soon.
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;
// A drained segment is deleted from this size on, mostly before the kernel has written it to the disk at all.
const DRAINED_BYTES_MAX = 8 * 1024 * 1024;
const CORRUPT_COPIES_MAX = 4;

interface Segment {
  readonly id: number;
  bytes: number;
  /** Requests without an answer, those being written included. */
  unanswered: number;
  /** Requests whose row in the index is not deleted yet. */
  indexed: number;
  isCorrupt: boolean;
  /** Nothing is appended any more. */
  isClosed: boolean;
  isMarked: boolean;
  /** What is done to the file when nobody needs it any more, one after the other. */
  work: Promise<void>;
}

export interface Entry {
  readonly meta: Buffer;
  readonly body: Buffer;
}

export interface Found {
  readonly meta: Meta;
  readonly place: Place;
  readonly bodyBytes: number;
}

export interface SegmentsSettings {
  readonly directory: string;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly log: Logger;
  /** Flush each append to the disk. */
  readonly isSynced: boolean;
  /** Called for each segment or record that was damaged. */
  readonly onCorrupt: () => void;
}

/**
 * Append-only files with the bodies of requests, deleted as wholes.
 *
 *   00000007.segment  [ answered | answered | waiting ]      reads go from here
 *   00000008.segment  [ waiting | waiting ]  ◀── appends
 */
export class Segments {
  readonly files: SegmentFiles;
  readonly #settings: SegmentsSettings;
  readonly #segments = new Map<number, Segment>();
  #active: { readonly segment: Segment; readonly fd: number } | undefined;
  #next = 1;
  readonly #done = new Set<number>();
  readonly #tidying = new Set<Promise<void>>();

  constructor(settings: SegmentsSettings) {
    this.#settings = settings;
    this.files = new SegmentFiles(settings.directory, settings.fs);
  }

  /** Looks at what is there. */
  async open(): Promise<void> {
    for (const [id, bytes] of await this.files.list()) {
      this.#next = Math.max(this.#next, id + 1);
      const mark = await this.files.read(id, 0, DONE.length);
      if (mark.equals(DONE)) this.#done.add(id);
      else this.#segments.set(id, newSegment(id, bytes, true));
    }
  }

  /** True when every request of the segment was answered in a life before. */
  isDone(id: number): boolean {
    return this.#done.has(id);
  }

  /** To be called when no row of the index refers to such a segment any more. */
  async removeDone(): Promise<void> {
    for (const id of this.#done) await this.files.remove(id);
    this.#done.clear();
  }

  get ids(): number[] {
    return [...this.#segments.keys()];
  }

  /** True when the numbers lie within a segment that exists. Whether the bytes are right is seen on reading. */
  adopt({ segment, offset, metaBytes }: Place, bodyBytes: number): boolean {
    const known = this.#segments.get(segment);
    if (!known || offset + HEADER_BYTES + metaBytes + bodyBytes > known.bytes) return false;
    known.unanswered++;
    known.indexed++;
    return true;
  }

  /** Segments that nobody has adopted a request of hold answered ones only. */
  async removeOrphans(): Promise<void> {
    for (const { id, indexed } of this.#segments.values()) {
      if (indexed > 0) continue;
      this.#segments.delete(id);
      await this.files.remove(id);
    }
  }

  /** Every request of a segment, as far as it can be read: for the time after the index was lost. */
  async *scan(id: number): AsyncGenerator<Found> {
    const bytes = this.#segments.get(id)?.bytes ?? 0;
    let offset = 0;
    while (offset < bytes) {
      const header = decodeHeader(await this.files.read(id, offset, HEADER_BYTES));
      if (!header || offset + HEADER_BYTES + header.metaBytes + header.bodyBytes > bytes) {
        this.#damaged(id, offset);
        return;
      }
      const content = await this.files.read(id, offset + HEADER_BYTES, header.metaBytes + header.bodyBytes);
      const meta = isIntact(header, content) ? decodeMeta(content.subarray(0, header.metaBytes)) : undefined;
      const place = { segment: id, offset, metaBytes: header.metaBytes };
      if (meta) yield { meta, place, bodyBytes: header.bodyBytes };
      else this.#damaged(id, offset);
      offset += HEADER_BYTES + header.metaBytes + header.bodyBytes;
    }
  }

  /** Appends the entries one after the other. Throws when the disk refuses; then nothing has happened. */
  async append(entries: readonly Entry[]): Promise<Place[]> {
    const { segment, fd } = this.#active ?? (await this.#begin());
    const places: Place[] = [];
    const buffers: Buffer[] = [];
    let offset = segment.bytes;
    for (const { meta, body } of entries) {
      places.push({ segment: segment.id, offset, metaBytes: meta.length });
      buffers.push(encodeHeader(meta, body), meta, body);
      offset += HEADER_BYTES + meta.length + body.length;
    }
    // Counted before the write: an answer to an earlier request must not close the segment meanwhile.
    segment.unanswered += entries.length;
    segment.indexed += entries.length;
    try {
      await this.files.leaveRoom(offset - segment.bytes);
      await this.files.write(fd, buffers, segment.bytes);
      if (this.#settings.isSynced) await this.files.flush(fd);
    } catch (problem) {
      segment.unanswered -= entries.length;
      segment.indexed -= entries.length;
      // Everything in it was answered meanwhile: give its space back, which may be what the disk is waiting for.
      if (segment.unanswered === 0 && segment.bytes > 0) await this.roll();
      throw problem;
    }
    segment.bytes = offset;
    if (segment.bytes >= SEGMENT_BYTES_MAX) await this.roll();
    return places;
  }

  /** The next append begins a new segment. */
  async roll(): Promise<void> {
    if (!this.#active) return;
    const { segment, fd } = this.#active;
    this.#active = undefined;
    segment.isClosed = true;
    await this.files.close(fd);
    this.#tidy(segment);
  }

  /**
   * The body, as a part of `into`, or nothing when the disk gives something else than was written. Throws when it gives
   * nothing now.
   */
  async read({ segment, offset, metaBytes }: Place, bodyBytes: number, into: Buffer): Promise<Buffer | undefined> {
    const bytes = await this.files.read(segment, offset, HEADER_BYTES + metaBytes + bodyBytes, into);
    const header = decodeHeader(bytes);
    const content = bytes.subarray(HEADER_BYTES);
    const isExpected = header?.metaBytes === metaBytes && header.bodyBytes === bodyBytes;
    if (header && isExpected && isIntact(header, content)) return content.subarray(metaBytes);
    this.#damaged(segment, offset);
    return undefined;
  }

  answered({ segment: id }: Place): void {
    const segment = this.#known(id);
    segment.unanswered--;
    if (segment.unanswered > 0) return;
    if (this.#active?.segment === segment && segment.bytes >= DRAINED_BYTES_MAX) this.#later(segment, () => this.roll());
    this.#tidy(segment);
  }

  /** The row in the index is gone, durably. */
  forgotten({ segment: id }: Place): void {
    const segment = this.#known(id);
    segment.indexed--;
    this.#tidy(segment);
  }

  async close(): Promise<void> {
    await this.roll();
    while (this.#tidying.size > 0) await Promise.all(this.#tidying);
    await this.files.closeReaders();
  }

  async #begin(): Promise<{ readonly segment: Segment; readonly fd: number }> {
    const id = this.#next;
    const fd = await this.files.create(id);
    this.#next++;
    const segment = newSegment(id, 0, false);
    this.#segments.set(id, segment);
    this.#active = { segment, fd };
    return this.#active;
  }

  #known(id: number): Segment {
    const segment = this.#segments.get(id);
    assert(segment, 'a segment lives as long as one of its requests');
    return segment;
  }

  #tidy(segment: Segment): void {
    if (!segment.isClosed) return;
    if (segment.indexed === 0) {
      // Marking a file that is being removed would look like a fault of the disk.
      if (this.#segments.delete(segment.id)) this.#later(segment, () => this.#delete(segment));
    } else if (segment.unanswered === 0 && !segment.isMarked && !segment.isCorrupt) {
      segment.isMarked = true;
      this.#later(segment, () => this.files.markDone(segment.id, DONE));
    }
  }

  async #delete({ id, isCorrupt }: Segment): Promise<void> {
    if (!isCorrupt) return this.files.remove(id);
    const path = await this.files.setAside(id, this.#settings.clock.now(), CORRUPT_COPIES_MAX);
    this.#settings.log.warn('A damaged segment was set aside.', { path });
  }

  #damaged(id: number, offset: number): void {
    const segment = this.#segments.get(id);
    if (segment) segment.isCorrupt = true;
    this.#settings.onCorrupt();
    this.#settings.log.error('A segment of the queue is damaged; the request there is lost.', { path: this.files.path(id), offset });
  }

  #later(segment: Segment, work: () => Promise<void>): void {
    const done = segment.work.then(work).catch((problem: unknown) => {
      const facts = { path: this.files.path(segment.id), 'error.message': String(problem) };
      this.#settings.log.warn('The space of an answered segment cannot be given back.', facts);
    });
    segment.work = done;
    this.#tidying.add(done);
    void done.finally(() => this.#tidying.delete(done));
  }
}

function newSegment(id: number, bytes: number, isClosed: boolean): Segment {
  return { id, bytes, unanswered: 0, indexed: 0, isCorrupt: false, isClosed, isMarked: false, work: Promise.resolve() };
}
