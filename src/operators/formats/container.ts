import { ValueType, keyOf, withResourceAttributes, resourceAttributes, type LogBatch, type Origin, type SharedAttributes } from '#model';
import { ObjectParser } from '../json/object-parser.ts';
import type { TextSource } from '../text-source.ts';
import { IsoReader } from '../time/iso-reader.ts';
import { UTC } from '../time/zone.ts';
import { Ascii, Words, find, isTextAt } from './bytes.ts';
import { keysOf, type FieldWriter } from './field-writer.ts';
import type { Format } from './format.ts';

const KEYS = keysOf('time', 'logtag', 'log.iostream');
const LOG = keyOf('log');
const STREAM = keyOf('stream');
const PATH = keyOf('log.file.path');
const FULL = 0x46;
const PARTIAL = 0x50;

export interface ContainerOptions {
  /** Empty: told by each line. */
  readonly format: string;
  readonly isPathRead: boolean;
  /** Docker ends the last piece of a line with a newline. Somebody else joins the pieces by it. */
  readonly keepsNewline: boolean;
}

/**
 * Lines of container runtimes: `time stream tag text` of CRI (containerd, CRI-O), or the JSON of Docker. The text
 * becomes the body, the time that of the record. Long lines come in pieces: `logtag` is P for all but the last of them.
 */
export class Container implements Format {
  readonly #cri: Cri | undefined;
  readonly #docker: Docker | undefined;
  readonly #metadata: PathMetadata | undefined;

  constructor({ format, isPathRead, keepsNewline }: ContainerOptions) {
    this.#cri = format === 'docker' ? undefined : new Cri();
    this.#docker = format === 'docker' || format === '' ? new Docker(keepsNewline) : undefined;
    this.#metadata = isPathRead ? new PathMetadata() : undefined;
  }

  parse(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    const isJson = source.bytes[source.from] === Ascii.openBrace;
    const format = isJson ? (this.#docker ?? this.#cri) : (this.#cri ?? this.#docker);
    const problem = format?.parse(batch, row, source, fields);
    if (problem === undefined) this.#metadata?.apply(batch, row);
    return problem;
  }
}

class Cri implements Format {
  readonly #words = new Words();
  readonly #time = new IsoReader(UTC);

  parse(batch: LogBatch, row: number, source: TextSource, fields: FieldWriter): string | undefined {
    const { bytes, from, to } = source;
    const view = this.#words.of(bytes);
    const time = this.#time;
    if (!time.read(bytes, from, to) || bytes[time.end] !== Ascii.space) return 'no line of a container runtime';
    const streamAt = time.end + 1;
    const isStream = isTextAt(bytes, streamAt, to, 'stdout ') || isTextAt(bytes, streamAt, to, 'stderr ');
    const tagAt = streamAt + 7;
    const isTag = isStream && tagAt < to && (bytes[tagAt] === FULL || bytes[tagAt] === PARTIAL);
    if (!isTag) return 'no line of a container runtime';
    const tagEnd = find(view, Ascii.space, tagAt, to);
    fields.begin(batch, row);
    fields.text(KEYS['log.iostream'], source.position(streamAt), 6);
    fields.text(KEYS.logtag, source.position(tagAt), tagEnd - tagAt);
    const problem = fields.commit(true);
    if (problem !== undefined) return problem;
    const bodyAt = Math.min(to, tagEnd + 1);
    batch.bodyType[row] = ValueType.string;
    batch.bodyStart[row] = source.position(bodyAt);
    batch.bodySize[row] = to - bodyAt;
    batch.timeMs[row] = time.ms;
    batch.timeNs[row] = time.ns;
    return undefined;
  }
}

class Docker implements Format {
  readonly #objects = new ObjectParser(true);
  readonly #time = new IsoReader(UTC);
  readonly #keepsNewline: boolean;

  constructor(keepsNewline: boolean) {
    this.#keepsNewline = keepsNewline;
  }

  parse(batch: LogBatch, row: number, source: TextSource): string | undefined {
    const { bytes, from, to, isSide } = source;
    const broken = this.#objects.parse(batch, row, bytes, from, to, isSide);
    if (broken) return `no JSON object: ${broken.message}`;
    const table = batch.attributes;
    const log = table.find(row, LOG);
    if (log < 0 || table.type[log] !== ValueType.string) return 'a line of Docker without "log"';
    const start = table.start[log] as number;
    const size = table.size[log] as number;
    const last = size === 0 ? 0 : batch.space.view(start, size)[size - 1];
    const isWhole = last === Ascii.newline;
    batch.bodyType[row] = ValueType.string;
    batch.bodyStart[row] = start;
    batch.bodySize[row] = isWhole && !this.#keepsNewline ? size - 1 : size;
    table.remove(log);
    const stream = table.find(row, STREAM);
    if (stream >= 0) table.rename(stream, KEYS['log.iostream']);
    if (!this.#keepsNewline) batch.setAttribute(row, KEYS.logtag, isWhole ? 'F' : 'P');
    this.#setTime(batch, row);
    return undefined;
  }

  #setTime(batch: LogBatch, row: number): void {
    const slot = batch.attributes.find(row, KEYS.time);
    if (slot < 0 || batch.attributes.type[slot] !== ValueType.string) return;
    const text = batch.space.view(batch.attributes.start[slot] as number, batch.attributes.size[slot] as number);
    if (!this.#time.read(text, 0, text.length)) return;
    batch.timeMs[row] = this.#time.ms;
    batch.timeNs[row] = this.#time.ns;
    batch.attributes.remove(slot);
  }
}

const POD_FILE = /\/([a-z0-9-]+)_([a-z0-9.-]+)_([0-9a-f-]{32,36})\/([^/]+)\/(\d+)\.log(?:\.[\d-]+)?$/;
const RESOURCES_KEPT_MAX = 4096;

/** Names pod and container by the path of the file, as Kubernetes lays them out. */
class PathMetadata {
  #resources = new Map<string, Origin>();
  /** What the last row had: rows of one file come together. */
  #shared: SharedAttributes | undefined;
  #before: Origin | undefined;
  #after: Origin | undefined;

  apply(batch: LogBatch, row: number): void {
    const shared = batch.shared[batch.sharedOf[row] as number];
    const before = batch.resources[batch.resourceOf[row] as number] as Origin;
    const isOwn = batch.attributes.find(row, PATH) >= 0;
    if (isOwn || shared !== this.#shared || before !== this.#before) {
      this.#after = this.#resourceFor(batch, row, before);
      this.#shared = isOwn ? undefined : shared;
      this.#before = before;
    }
    if (!this.#after) return;
    const known = batch.resources.lastIndexOf(this.#after);
    batch.resourceOf[row] = known >= 0 ? known : batch.addResource(this.#after);
  }

  #resourceFor(batch: LogBatch, row: number, before: Origin): Origin | undefined {
    const path = batch.attribute(row, PATH);
    const match = typeof path === 'string' ? POD_FILE.exec(path) : null;
    if (!match) return undefined;
    const name = `${Buffer.from(before.encoded).toString('latin1')}\0${match[0]}`;
    let made = this.#resources.get(name);
    if (made) return made;
    const [, namespace = '', pod = '', uid = '', container = '', restarts = ''] = match;
    made = withResourceAttributes(before, {
      ...resourceAttributes(before),
      'k8s.namespace.name': namespace,
      'k8s.pod.name': pod,
      'k8s.pod.uid': uid,
      'k8s.container.name': container,
      'k8s.container.restart_count': restarts,
    });
    if (this.#resources.size >= RESOURCES_KEPT_MAX) this.#resources.clear();
    this.#resources.set(name, made);
    return made;
  }
}
