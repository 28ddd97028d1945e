import * as fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { LogBatch, ValueType } from '#model';
import { deliver } from '../../test/helpers/logs-sink.ts';
import { startPrometheus, type PrometheusRig } from '../../test/helpers/prometheus-rig.ts';

/**
 * Goal: whatever bytes the labels are made of, the page shows what a plain Map over decoded texts counts, no line twice,
 * and beyond the bound the rest in one line. Method: random batches of rows with two labels out of few, nasty values,
 * as text in the batch's bytes or on its side; the page is read back and compared with the model. Times move on, so that
 * series are forgotten and their places used again.
 */
const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const value = fc.oneof(
  fc.constantFrom('', 'a', 'b', '\\', '"', '\n', 'ä', '\u{1f600}', 'a\ufffd').map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 2 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom([0xff], [0xfe], [0xff, 0xff], [0xc3], [0x61, 0xff]).map((bytes) => Buffer.from(bytes)),
);
const row = fc.record({ a: value, b: value, isOnSide: fc.boolean() });
const batches = fc.array(fc.record({ rows: fc.array(row, { minLength: 1, maxLength: 30 }), pauseMs: fc.nat(40_000) }), { maxLength: 12 });

interface Row {
  readonly a: Buffer;
  readonly b: Buffer;
  readonly isOnSide: boolean;
}

const rigs: PrometheusRig[] = [];

afterEach(async () => {
  for (const { exporter } of rigs.splice(0)) await exporter.shutdown();
});

function batchOf(rows: readonly Row[]): LogBatch {
  const batch = new LogBatch();
  batch.reset(Buffer.concat(rows.flatMap(({ a, b }) => [a, b])));
  let at = 0;
  for (const { a, b, isOnSide } of rows) {
    const index = batch.addRow(ValueType.none, 0, 0);
    for (const [name, bytes] of Object.entries({ a, b })) {
      batch.setAttribute(index, name, '');
      const slot = batch.attributes.tail[index] as number;
      batch.attributes.start[slot] = isOnSide ? batch.space.appendBytes(bytes) : at;
      batch.attributes.size[slot] = bytes.length;
      at += bytes.length;
    }
  }
  deliver(batch);
  return batch;
}

/** The model: counts and the last time by the text of the labels. */
class Model {
  readonly counts = new Map<string, { count: number; touchedMs: number }>();
  overflow = 0;
  #nextExpiry = 0;

  see({ a, b }: Row, nowMs: number, max: number): void {
    const line = [label('a', a), label('b', b)].filter((text) => text !== '').join(',');
    const known = this.counts.get(line);
    if (!known && this.counts.size >= max) this.overflow++;
    else this.counts.set(line, { count: (known?.count ?? 0) + 1, touchedMs: nowMs });
  }

  expire(nowMs: number): void {
    if (nowMs < this.#nextExpiry) return;
    for (const [line, { touchedMs }] of this.counts) if (touchedMs <= nowMs - 60_000) this.counts.delete(line);
    this.#nextExpiry = nowMs + 10_000;
  }

  get lines(): string[] {
    const own = Array.from(this.counts, ([line, { count }]) => `n_total${line === '' ? '' : `{${line}}`} ${count}`);
    return this.overflow === 0 ? own : [...own, `n_total{otel_metric_overflow="true"} ${this.overflow}`];
  }
}

function label(name: string, bytes: Buffer): string {
  if (bytes.length === 0) return '';
  const text = bytes.toString('utf8').replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `${name}="${text}"`;
}

test.for([4, 1000])(`counts as a map of texts does, with at most %i series (seed ${SEED})`, async (max) => {
  const labels = ['a', 'b'].map((name) => ({ name, attribute: name }));
  const metrics = [{ name: 'n', type: 'counter', labels }];

  await fc.assert(
    fc.asyncProperty(batches, async (given) => {
      const rig = await startPrometheus({ metrics, max_series: max, metric_expiration: '1m' });
      rigs.push(rig);
      const model = new Model();
      for (const { rows, pauseMs } of given) {
        await rig.clock.advance(pauseMs);
        model.expire(rig.clock.now());
        for (const one of rows) model.see(one, rig.clock.now(), max);
        await rig.exporter.consume(batchOf(rows));
        expect(rig.samples().toSorted()).toEqual(model.lines.toSorted());
      }
      await rig.exporter.shutdown();
    }),
    { seed: SEED, numRuns: 60 },
  );
});
