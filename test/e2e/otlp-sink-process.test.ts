import { expect, test } from 'vitest';
import { startOtlpSinkProcess } from '../helpers/otlp-sink-process.ts';
import { sequence, startExporter } from '../helpers/otlp-exporter.ts';

test('the sink works in a process of its own, goes down and comes back with what it had', async () => {
  const sink = await startOtlpSinkProcess(true);
  const rig = await startExporter({ endpoint: sink.url });
  try {
    await rig.send(sequence(0, 10)).outcome;
    await sink.down();
    const held = rig.send(sequence(10, 20));
    await held.accepted;
    await sink.up();
    await held.outcome;
    await sink.fail({ kind: 'ackloss', times: 1 });
    await rig.send(sequence(20, 30)).outcome;
    await sink.mend();

    expect(await sink.counts()).toMatchObject({ records: 40, distinct: 30, repeated: 10, outOfOrder: 0 });
    expect(await sink.missing(31)).toEqual([30]);
    expect((await sink.logs())[0]?.record.body?.stringValue).toMatch(/^seq=0 /);
  } finally {
    await rig.stop(0);
    sink.stop();
  }
});
