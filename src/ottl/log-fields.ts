import { Double, SeverityNumber, TIME_MS_MAX, ValueType, keyOf, severityName, type Key, type LogBatch } from '#model';
import type { FieldMaker, Fields, Path, Steps } from './expression.ts';
import { AttributesTarget } from './map-target.ts';
import { nestedPath, ofInt, ofText, plainField, type Setter } from './make-path.ts';
import { valueOf } from './origin.ts';
import { OttlProblem } from './problem.ts';
import { readSteps, withStep } from './steps.ts';
import { AttributeLocator, BodyLocator, SeverityTextLocator } from './text-locator.ts';
import { Time } from './time-values.ts';
import { describe, expectMap, expectText, isInt, isList, isMap, toInt, toMap, toStored, toText, typeOf, type Value } from './value.ts';

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const UINT32_MAX = 0xffff_ffff;

// ---- body ----

function getBody(batch: LogBatch, row: number): Value {
  if (batch.bodyType[row] !== ValueType.encoded) return batch.body(row);
  return valueOf(batch.space.view(batch.bodyStart[row] as number, batch.bodySize[row] as number));
}

function setBody(batch: LogBatch, row: number, value: Value): void {
  batch.setBody(row, toStored(value));
}

const body: FieldMaker = (text, steps) => {
  const path = nestedPath(text, steps, getBody, setBody);
  if (steps.length === 0) return { ...path, locator: () => new BodyLocator() };
  const get = (batch: LogBatch, row: number): Value => {
    const value = getBody(batch, row);
    if (value !== null && !isMap(value) && !isList(value)) throw new OttlProblem(`a body of type ${typeOf(value)} has no keys`);
    return readSteps(value, steps, batch, row);
  };
  return { ...path, get };
};

const bodyString = plainField((batch, row) => toText(getBody(batch, row)), ofText('body.string', setBody), {
  locator: () => new BodyLocator(),
});

// ---- attributes ----

function getAttributes(batch: LogBatch, row: number): Value {
  return toMap(batch.attributesOf(row));
}

function setAttributes(batch: LogBatch, row: number, value: Value): void {
  const map = expectMap(value, 'attributes');
  for (const key of batch.attributesOf(row).keys()) batch.deleteAttribute(row, key);
  for (const [key, inner] of Object.entries(map)) batch.setAttribute(row, key, toStored(inner));
}

function getAttribute(batch: LogBatch, row: number, key: Key): Value {
  const table = batch.attributes;
  const slot = table.find(row, key);
  if (slot < 0) return batch.shared[batch.sharedOf[row] as number]?.entries.get(key) ?? null;
  if (table.type[slot] !== ValueType.double) return table.value(slot);
  const number = table.number[slot] as number;
  return Number.isSafeInteger(number) ? new Double(number) : number;
}

const attributes: FieldMaker = (text, steps, compilation) => {
  const [first, ...rest] = steps;
  if (!first) return { text, get: getAttributes, set: setAttributes, map: new AttributesTarget() };
  if (!first.isConstant) return dynamicAttribute(text, steps);
  const name = first.constant ?? null;
  if (typeof name !== 'string')
    return compilation.fail(compilation.source.indexOf(text), `attributes are named by texts, got ${describe(name)}`);
  const key = keyOf(name);
  const path = nestedPath(
    text,
    rest,
    (batch, row) => getAttribute(batch, row, key),
    (batch, row, value) => batch.setAttribute(row, key, toStored(value)),
  );
  return rest.length === 0 ? { ...path, attribute: name, locator: () => new AttributeLocator(key) } : path;
};

/** The key is itself a value: `attributes[attributes["name"]]`. */
function dynamicAttribute(text: string, [first, ...rest]: Steps): Path {
  const nameOf = (batch: LogBatch, row: number): string => expectText(first?.evaluate(batch, row) ?? null, 'the key of an attribute');
  const get = (batch: LogBatch, row: number): Value => readSteps(getAttribute(batch, row, keyOf(nameOf(batch, row))), rest, batch, row);
  const set: Setter = (batch, row, value) => {
    const key = keyOf(nameOf(batch, row));
    const inner = rest.map((step) => step.evaluate(batch, row));
    batch.setAttribute(row, key, toStored(withStep(getAttribute(batch, row, key), inner, value)));
  };
  return nestedPath(text, [], get, set);
}

// ---- times ----

function timeField(ms: 'timeMs' | 'observedMs', ns: 'timeNs' | 'observedNs', name: string): readonly [FieldMaker, FieldMaker] {
  const set = (batch: LogBatch, row: number, time: Time): void => {
    if (!(time.ms >= 0 && time.ms <= TIME_MS_MAX))
      throw new OttlProblem(`${name} cannot lie before 1970 or after 2554, got ${time.toString()}`);
    batch[ms][row] = time.ms;
    batch[ns][row] = time.ns;
  };
  const get = (batch: LogBatch, row: number): Time => new Time(batch[ms][row] ?? 0, batch[ns][row] ?? 0);
  const time = plainField(get, (batch, row, value) => {
    if (!(value instanceof Time)) throw new OttlProblem(`${name} must be a time, got ${describe(value)}`);
    set(batch, row, value);
  });
  const nanoseconds = plainField(
    (batch, row) => toInt(get(batch, row).nanoseconds),
    (batch, row, value) => {
      if (!isInt(value)) throw new OttlProblem(`${name}_unix_nano must be an int, got ${describe(value)}`);
      set(batch, row, Time.ofNanoseconds(BigInt(value)));
    },
  );
  return [time, nanoseconds];
}

const [time, timeUnixNano] = timeField('timeMs', 'timeNs', 'time');
const [observedTime, observedTimeUnixNano] = timeField('observedMs', 'observedNs', 'observed_time');

// ---- ids ----

function idFields(
  name: string,
  size: number,
  column: (batch: LogBatch) => Uint8Array,
  known: (batch: LogBatch) => Uint8Array | undefined,
): readonly [FieldMaker, FieldMaker] {
  const set = (batch: LogBatch, row: number, id: Uint8Array): void => {
    if (id.length !== size) throw new OttlProblem(`${name} must have ${size} bytes, got ${id.length}`);
    column(batch).set(id, row * size);
  };
  const get = (batch: LogBatch, row: number): Uint8Array => known(batch)?.slice(row * size, (row + 1) * size) ?? new Uint8Array(size);
  const bytes = plainField(get, (batch, row, value) => {
    if (!(value instanceof Uint8Array)) throw new OttlProblem(`${name} must be bytes, got ${describe(value)}`);
    set(batch, row, value);
  });
  const text = plainField(
    (batch, row) => {
      if (!known(batch)) return '';
      const id = get(batch, row);
      return id.every((byte) => byte === 0) ? '' : Buffer.from(id).toString('hex');
    },
    ofText(`${name}.string`, (batch, row, hex) => {
      if (!/^([0-9a-fA-F]{2})*$/.test(hex)) throw new OttlProblem(`${name}.string must be hexadecimal digits, got "${hex.slice(0, 40)}"`);
      set(batch, row, hex === '' ? new Uint8Array(size) : Buffer.from(hex, 'hex'));
    }),
  );
  return [bytes, text];
}

const [traceId, traceIdString] = idFields(
  'trace_id',
  TRACE_ID_BYTES,
  (batch) => batch.traceIdColumn(),
  ({ traceIds }) => traceIds,
);
const [spanId, spanIdString] = idFields(
  'span_id',
  SPAN_ID_BYTES,
  (batch) => batch.spanIdColumn(),
  ({ spanIds }) => spanIds,
);

// ---- the rest ----

const cache: FieldMaker = (text, steps, compilation) => {
  const holder = compilation.cache;
  return nestedPath(
    text,
    steps,
    () => holder.values,
    (_batch, _row, value) => void (holder.values = expectMap(value, 'cache')),
  );
};

export const LOG_FIELDS: Fields = new Map<string, FieldMaker>([
  ['body', body],
  ['body.string', bodyString],
  ['attributes', attributes],
  [
    'severity_number',
    plainField(
      (batch, row) => batch.severity[row] as number,
      ofInt('severity_number', SeverityNumber.unspecified, 24, (batch, row, value) => void (batch.severity[row] = value)),
      { field: 'severity_number' },
    ),
  ],
  ['severity_number.string', plainField((batch, row) => severityName(batch.severity[row] as number))],
  [
    'severity_text',
    plainField(
      (batch, row) => batch.severityText(row),
      ofText('severity_text', (batch, row, text) => batch.setSeverityText(row, text)),
      { locator: () => new SeverityTextLocator() },
    ),
  ],
  ['time', time],
  ['time_unix_nano', timeUnixNano],
  ['observed_time', observedTime],
  ['observed_time_unix_nano', observedTimeUnixNano],
  ['trace_id', traceId],
  ['trace_id.string', traceIdString],
  ['span_id', spanId],
  ['span_id.string', spanIdString],
  [
    'flags',
    plainField(
      (batch, row) => batch.rare?.flags[row] ?? 0,
      ofInt('flags', 0, UINT32_MAX, (batch, row, value) => void (batch.rareColumns().flags[row] = value)),
    ),
  ],
  [
    'event_name',
    plainField(
      (batch, row) => batch.eventName(row),
      ofText('event_name', (batch, row, name) => batch.setEventName(row, name)),
    ),
  ],
  [
    'dropped_attributes_count',
    plainField(
      (batch, row) => batch.rare?.droppedAttributes[row] ?? 0,
      ofInt('dropped_attributes_count', 0, UINT32_MAX, (batch, row, value) => void (batch.rareColumns().droppedAttributes[row] = value)),
    ),
  ],
  ['cache', cache],
]);
