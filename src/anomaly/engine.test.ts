import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnomalyEngine, type EngineOptions } from './engine.ts';
import { seededRandom } from './half-space-trees.ts';
import type { Incident, Phase } from './incident.ts';
import type { Observation } from './source.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 0, 5);

interface Line {
  readonly at: number;
  readonly text: string;
  readonly template?: string;
  readonly severity?: number;
  readonly session?: string;
  readonly durationMs?: number;
  readonly source?: string;
}

function observation({ at, text, template = text, severity = 9, session, durationMs }: Line): Observation {
  const bytes = Buffer.from(text);
  return { timeMs: at, severity, template: { id: template, text: template }, session, durationMs, bytes, from: 0, to: bytes.length };
}

function engineWith(options: Partial<EngineOptions> = {}): {
  engine: AnomalyEngine;
  told: { incident: Incident; phase: Phase }[];
  give: (line: Line) => Incident | undefined;
} {
  const told: { incident: Incident; phase: Phase }[] = [];
  const engine = new AnomalyEngine(options, (incident, phase) => told.push({ incident: { ...incident }, phase }));
  return { engine, told, give: (line) => engine.observe(line.source ?? 'shop', observation(line)) };
}

/** Two days of a service: traffic with errors now and then, workflows, a heartbeat, durations. */
function* ordinary(from: number, to: number, random: () => number): Generator<Line> {
  let session = 0;
  for (let at = from; at < to; at += MINUTE) {
    const lines: Line[] = [];
    for (let i = 0; i < 8 + 4 * random(); i++) {
      const isError = random() < 0.03;
      const text = isError ? 'cannot reach the stock service' : `order ${Math.floor(random() * 5)} of customer taken`;
      lines.push({
        at: at + random() * MINUTE,
        text,
        template: isError ? text : 'order <*> of customer taken',
        severity: isError ? 17 : 9,
        durationMs: 40 * Math.exp(0.4 * (random() + random() + random() - 1.5)),
      });
    }
    const id = `${from}-${session++}`;
    for (const [i, text] of ['cart opened', 'address given', 'payment done', 'mail sent'].entries())
      lines.push({ at: at + 1000 + i * 2000, text, session: id });
    for (let beat = 0; beat < MINUTE; beat += 20_000) lines.push({ at: at + beat + 500 * random(), text: 'stock poll finished' });
    yield* lines.toSorted((a, b) => a.at - b.at);
  }
}

function opened(told: readonly { incident: Incident; phase: Phase }[]): string[] {
  return told.filter(({ phase }) => phase === 'opened').map(({ incident }) => incident.kind);
}

describe('the engine, after two ordinary days,', () => {
  const warm = new Map<string, string>();
  {
    const { engine, told, give } = engineWith();
    for (const line of ordinary(START, START + 48 * HOUR, seededRandom(1))) give(line);
    engine.advance(START + 48 * HOUR);
    if (told.length > 0) throw new Error(`ordinary days gave ${told.length} incidents`);
    for (const [key, text] of engine.snapshot()) warm.set(key, text);
  }
  const now = START + 48 * HOUR;
  function warmed(): ReturnType<typeof engineWith> {
    const all = engineWith();
    expect(all.engine.restore(warm)).toBe(true);
    return all;
  }

  test('stays quiet on a third one', () => {
    const { told, give } = warmed();
    for (const line of ordinary(now, now + 24 * HOUR, seededRandom(2))) give(line);
    expect(told).toEqual([]);
  });

  test('tells a burst, and that it is over', () => {
    const { engine, told, give } = warmed();
    for (const line of ordinary(now, now + HOUR, seededRandom(3))) {
      const copies =
        line.at > now + 20 * MINUTE && line.at < now + 30 * MINUTE && line.session === undefined && line.durationMs !== undefined ? 5 : 1;
      for (let i = 0; i < copies; i++) give(line);
    }
    engine.advance(now + HOUR);
    expect(told.map(({ phase, incident }) => `${incident.kind} ${phase}`)).toContain('burst closed');
    const burst = told.find(({ incident }) => incident.kind === 'burst')?.incident;
    expect(burst?.detectedAt).toBeLessThanOrEqual(now + 23 * MINUTE);
    expect(burst?.start).toBe(now + 20 * MINUTE);
  });

  test('tells silence', () => {
    const { engine, told } = warmed();
    engine.advance(now + 10 * MINUTE);
    expect(opened(told)).toEqual(expect.arrayContaining(['drop', 'heartbeat']));
  });

  test('tells a rising share of errors though the number of records stays', () => {
    const { told, give } = warmed();
    const random = seededRandom(4);
    for (const line of ordinary(now, now + 30 * MINUTE, seededRandom(5))) {
      const isTurned = line.durationMs !== undefined && random() < 0.4;
      give(isTurned ? { ...line, text: 'cannot reach the stock service', template: 'cannot reach the stock service', severity: 17 } : line);
    }
    expect(opened(told)).toEqual(['error_ratio']);
  });

  test('tells a new template at once, and tags the record', () => {
    const { told, give } = warmed();
    const found = give({ at: now + 1000, text: 'certificate of the bank has expired' });
    expect(found?.type).toBe('pattern');
    expect(opened(told)).toEqual(['new_template']);
  });

  test('tells a hostile value in a known line', () => {
    const { give } = warmed();
    const found = give({
      at: now + 1000,
      text: "order ' OR '1'='1' UNION SELECT of customer taken",
      template: 'order <*> of customer taken',
    });
    expect(found?.type).toBe('content');
  });

  test('tells sessions that end early', () => {
    const { told, give } = warmed();
    for (const line of ordinary(now, now + 30 * MINUTE, seededRandom(6))) if (line.text !== 'mail sent') give(line);
    expect(opened(told)).toContain('sequence_break');
  });

  test('tells durations that grow', () => {
    const { told, give } = warmed();
    for (const line of ordinary(now, now + 30 * MINUTE, seededRandom(7))) {
      give(line.durationMs === undefined ? line : { ...line, durationMs: line.durationMs * 2.5 });
    }
    expect(opened(told)).toEqual(['latency']);
  });

  test('does not take a whole missing day for silence', () => {
    const { told, give } = warmed();
    for (const line of ordinary(now + 30 * HOUR, now + 31 * HOUR, seededRandom(8))) give(line);
    expect(opened(told)).not.toContain('drop');
  });

  /** Goal: a restart changes nothing. Method: the same records, with a snapshot and a new engine at a random place. */
  test('goes on after a snapshot as if it had not stopped', () => {
    const lines = Array.from(ordinary(now, now + 40 * MINUTE, seededRandom(9)), (line, i) =>
      i > 500 && i % 3 === 0 ? { ...line, severity: 17 } : line,
    );
    const { told: expected, give } = warmed();
    for (const line of lines) give(line);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: lines.length }), (at) => {
        const before = warmed();
        for (const line of lines.slice(0, at)) before.give(line);
        const after = engineWith();
        after.engine.restore([...before.engine.snapshot()]);
        for (const line of lines.slice(at)) after.give(line);
        expect([...before.told, ...after.told]).toEqual(expected);
      }),
      { numRuns: 12 },
    );
  });
});

/** A service of a few lines a minute. `sessionsPerDay` of them come with a session, at any time. */
function* sparse(days: number, sessionsPerDay: number, random: () => number): Generator<Line> {
  for (let at = START; at < START + days * 24 * HOUR; at += MINUTE) {
    const isSession = random() < sessionsPerDay / (24 * 60);
    for (let i = 0; i < 1 + 3 * random(); i++) yield { at: at + 10_000 * i, text: `request ${i} served`, template: 'request <*> served' };
    if (isSession) yield { at: at + 50_000, text: 'basket opened', session: `s${at}` };
  }
}

describe('the engine, with a few lines a minute,', () => {
  test.each([0, 3, 12])('tells no drop of sessions where %d a day come', (sessionsPerDay) => {
    const { engine, told, give } = engineWith();
    for (const line of sparse(4, sessionsPerDay, seededRandom(11))) give(line);
    engine.advance(START + 4 * 24 * HOUR);
    expect(told.map(({ incident, phase }) => `${incident.kind} of ${incident.subject} ${phase}`)).toEqual([]);
  });

  test('tells no drop in hours in which nothing ever came', () => {
    const { engine, told, give } = engineWith();
    const isOffice = ({ at }: Line): boolean => at % (24 * HOUR) >= 9 * HOUR && at % (24 * HOUR) < 12 * HOUR;
    for (const line of sparse(5, 0, seededRandom(12))) if (isOffice(line)) give(line);
    engine.advance(START + 5 * 24 * HOUR);
    expect(opened(told)).not.toContain('drop');
  });
});

describe('the engine', () => {
  test('holds no more sources, templates and sessions than it may', () => {
    const { engine, give } = engineWith({ sourcesMax: 3, templatesMax: 20, sessionsMax: 10 });
    for (let i = 0; i < 3000; i++) {
      give({ at: START + i * 10, source: `s${i % 5}`, text: `word${i} happened`, session: i % 2 === 0 ? `x${i}` : undefined } as Line);
    }
    expect(engine.sources).toBe(3);
    expect(engine.unwatched).toBe(1200);
    for (const [key, text] of engine.snapshot()) {
      if (key === 'clock') continue;
      const state = JSON.parse(text) as { known: unknown[]; sequences: { open: unknown[] } };
      expect(state.known.length).toBeLessThanOrEqual(20);
      expect(state.sequences.open.length).toBeLessThanOrEqual(10);
    }
  });

  test('takes up nothing from a snapshot of another version', () => {
    const { engine } = engineWith();
    expect(engine.restore([['clock', JSON.stringify({ version: 999 })]])).toBe(false);
    expect(engine.restore([])).toBe(false);
  });
});
