import { elements, isPlain, malformed, members, parseValue, skipSpace, textOf, type Span } from './json-scan.ts';
import { emptyLabels, NO_METADATA, type Entry, type Stream } from './loki-stream.ts';

const NS_DIGITS = 6;

/** Reads `{"streams": [{"stream": {labels}, "values": [["<ns>", "<line>", {metadata}], …]}, …]}`. */
export function* readLokiJson(bytes: Buffer): Generator<Stream> {
  const start = skipSpace(bytes, 0, bytes.length);
  for (const { name, from, to } of members(bytes, start, bytes.length)) {
    if (name !== 'streams') continue;
    for (const stream of elements(bytes, from, to)) yield readStream(bytes, stream);
  }
}

function readStream(bytes: Buffer, { from, to }: Span): Stream {
  let labels: Readonly<Record<string, string>> = NO_METADATA;
  let values: Span | undefined;
  for (const member of members(bytes, from, to)) {
    if (member.name === 'stream') labels = textsOf(bytes, member);
    else if (member.name === 'values') values = member;
  }
  return { labels, entries: values ? readEntries(bytes, values) : [] };
}

function* readEntries(bytes: Buffer, { from, to }: Span): Generator<Entry> {
  for (const value of elements(bytes, from, to)) {
    const [time, line, metadata] = elements(bytes, value.from, value.to);
    if (!time || !line) throw malformed('expected a time and a line', value.from);
    const digits = textOf(bytes, time.from, time.to);
    if (!/^[0-9]{1,19}$/.test(digits)) throw malformed('expected a time in nanoseconds, as a string', time.from);
    const text = textOf(bytes, line.from, line.to);
    yield {
      timeMs: Number(digits.slice(0, -NS_DIGITS)),
      timeNs: Number(digits.slice(-NS_DIGITS)),
      from: line.from + 1,
      to: line.to - 1,
      text: isPlain(bytes, line.from, line.to) ? undefined : text,
      metadata: metadata ? textsOf(bytes, metadata) : NO_METADATA,
    };
  }
}

function textsOf(bytes: Buffer, { from, to }: Span): Record<string, string> {
  const value = parseValue(bytes, from, to);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('expected an object of labels', from);
  const texts = emptyLabels();
  for (const [name, own] of Object.entries(value)) {
    if (typeof own !== 'string') throw malformed(`expected text as the value of the label "${name.slice(0, 100)}"`, from);
    texts[name] = own;
  }
  return texts;
}
