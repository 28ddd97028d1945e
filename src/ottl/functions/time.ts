import { LayoutReader } from '../../operators/time/layout-reader.ts';
import { parseGoLayout, parseStrptimeLayout } from '../../operators/time/layout.ts';
import { UTC, localZone, zoneOf } from '../../operators/time/zone.ts';
import type { Call, FunctionDefinition } from '../call.ts';
import type { Evaluate } from '../expression.ts';
import { OttlProblem } from '../problem.ts';
import { Time, parseGoDuration, type Duration } from '../time-values.ts';
import { describe, toDouble, toInt, type Value } from '../value.ts';
import { compileTimeFormat } from './time-format.ts';

function ofTime(convert: (time: Time) => Value): FunctionDefinition {
  return {
    parameters: ['value'],
    compile: (call) => {
      const time = call.time('value');
      return (batch, row) => convert(time(batch, row));
    },
  };
}

function ofDuration(convert: (nanoseconds: bigint) => Value): FunctionDefinition {
  return {
    parameters: ['value'],
    compile: (call) => {
      const duration = call.duration('value');
      return (batch, row) => convert(duration(batch, row).nanoseconds);
    },
  };
}

/** A part of the date in UTC. */
const part = (read: (date: Date) => number): FunctionDefinition => ofTime(({ ms }) => read(new Date(ms)));
const since1970 = (unitNs: bigint): FunctionDefinition => ofTime((time) => toInt(floorDiv(time.nanoseconds, unitNs)));
const asDouble = (unitNs: number): FunctionDefinition => ofDuration((nanoseconds) => toDouble(Number(nanoseconds) / unitNs));
const asInt = (unitNs: bigint): FunctionDefinition => ofDuration((nanoseconds) => toInt(nanoseconds / unitNs));

export const TIMES: Readonly<Record<string, FunctionDefinition>> = {
  Time: { parameters: ['target', 'format', 'location?', 'locale?'], compile: compileTime },
  FormatTime: {
    parameters: ['time', 'format'],
    compile: (call) => {
      const time = call.time('time');
      const format = formatOf(call, call.constantText('format'));
      return (batch, row) => format(time(batch, row));
    },
  },
  Now: {
    parameters: [],
    isVolatile: true,
    compile:
      ({ compilation: { environment } }) =>
      () =>
        new Time(environment.now()),
  },
  Duration: {
    parameters: ['duration'],
    compile: (call) => {
      const text = call.text('duration');
      return (batch, row) => {
        const duration = parseGoDuration(text(batch, row));
        if (duration) return duration;
        throw new OttlProblem(`Duration takes a text such as "1h30m", got ${describe(text(batch, row))}`);
      };
    },
  },
  TruncateTime: {
    parameters: ['time', 'duration'],
    compile: (call) => {
      const time = call.time('time');
      const duration = call.duration('duration');
      return (batch, row) => truncated(time(batch, row), duration(batch, row));
    },
  },
  Unix: {
    parameters: ['seconds', 'nanoseconds?'],
    compile: (call) => {
      const seconds = call.int('seconds');
      const nanoseconds = call.has('nanoseconds') ? call.int('nanoseconds') : () => 0;
      return (batch, row) => Time.ofNanoseconds(BigInt(seconds(batch, row)) * 1_000_000_000n + BigInt(nanoseconds(batch, row)));
    },
  },
  UnixSeconds: since1970(1_000_000_000n),
  UnixMilli: since1970(1_000_000n),
  UnixMicro: since1970(1000n),
  UnixNano: since1970(1n),
  Year: part((date) => date.getUTCFullYear()),
  Month: part((date) => date.getUTCMonth() + 1),
  Day: part((date) => date.getUTCDate()),
  Weekday: part((date) => date.getUTCDay()),
  Hour: part((date) => date.getUTCHours()),
  Minute: part((date) => date.getUTCMinutes()),
  Second: part((date) => date.getUTCSeconds()),
  Nanosecond: ofTime(({ nanoseconds }) => Number(((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)),
  Hours: asDouble(3.6e12),
  Minutes: asDouble(6e10),
  Seconds: asDouble(1e9),
  Milliseconds: asInt(1_000_000n),
  Microseconds: asInt(1000n),
  Nanoseconds: asInt(1n),
};

/** Layouts are strptime's when they have a `%`, else Go's. */
function compileTime(call: Call): Evaluate {
  const text = call.text('target');
  const format = call.constantText('format');
  const location = call.constantText('location', '');
  if (!/^(|en([_-].*)?)$/.test(call.constantText('locale', ''))) call.fail('locale', 'must be "en"; other languages are not supported');
  const reader = readerOf(call, format, location);
  const { environment } = call.compilation;
  return (batch, row) => {
    const target = text(batch, row);
    const bytes = Buffer.from(target);
    reader.begin();
    if (reader.read(bytes, 0, bytes.length, environment.now())) return new Time(reader.ms, reader.ns % 1_000_000);
    throw new OttlProblem(`Time: ${describe(target)} is no time of the layout "${format}"`);
  };
}

function formatOf(call: Call, layout: string): (time: Time) => string {
  try {
    return compileTimeFormat(layout);
  } catch (problem) {
    if (problem instanceof RangeError) return call.fail('format', `cannot be read: ${problem.message}`);
    throw problem;
  }
}

function readerOf(call: Call, format: string, location: string): LayoutReader {
  try {
    return makeReader(format, location);
  } catch (problem) {
    if (problem instanceof RangeError)
      return call.fail(problem.message.includes('time zone') ? 'location' : 'format', `cannot be read: ${problem.message}`);
    throw problem;
  }
}

function makeReader(format: string, location: string): LayoutReader {
  const layout = format.includes('%') ? parseStrptimeLayout(format) : parseGoLayout(format);
  return new LayoutReader(layout, location !== '' ? zoneOf(location) : layout.endsInZ ? UTC : localZone());
}

// Go rounds down from the first of January of year 1, which matters for weeks.
const YEAR_1_NS = 62_135_596_800n * 1_000_000_000n;

function truncated(time: Time, { nanoseconds: step }: Duration): Time {
  if (step <= 0n) return time;
  const since = time.nanoseconds + YEAR_1_NS;
  return Time.ofNanoseconds(time.nanoseconds - (((since % step) + step) % step));
}

function floorDiv(value: bigint, unit: bigint): bigint {
  const quotient = value / unit;
  return value % unit < 0n ? quotient - 1n : quotient;
}
