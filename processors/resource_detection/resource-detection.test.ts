import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '#component';
import { Double, createResource, encodeKeyValue, field, resourceAttributes, type Origin } from '#model';
import { deliver } from '../../test/helpers/logs-sink.ts';
import { RESOURCES, buildBatch, rowSpec, saidByRow } from '../../test/helpers/row-arbitrary.ts';
import { batchOf, found, resourceAt, rigFor } from '../../test/helpers/resource-detection-rig.ts';

describe('merging', () => {
  const env = { OTEL_RESOURCE_ATTRIBUTES: 'host.name=mine,region=eu' };

  test('the first detector that knows an attribute counts', async () => {
    expect(await found({ detectors: ['env', 'system'] }, { env })).toEqual({ 'host.name': 'mine', region: 'eu', 'os.type': 'linux' });
    expect((await found({ detectors: ['system', 'env'] }, { env }))['host.name']).toBe('web1');
  });

  test('override replaces what a resource has, without it the resource keeps its own', async () => {
    for (const override of [true, false]) {
      const { processor, host } = rigFor({ override }, { env });
      await processor.start(host);
      const batch = batchOf(createResource({ 'host.name': 'theirs', a: 1 }));
      await processor.consume(batch);
      expect(resourceAttributes(resourceAt(batch, 0))).toEqual({ 'host.name': override ? 'mine' : 'theirs', region: 'eu', a: 1 });
    }
  });

  test('sets only the attributes that are listed', async () => {
    expect(await found({ detectors: ['env', 'system'], attributes: ['region', 'os.type'] }, { env })).toEqual({
      region: 'eu',
      'os.type': 'linux',
    });
  });

  test('equal resources become the same object, batch after batch; what is not an attribute stays', async () => {
    const { processor, host } = rigFor({}, { env });
    await processor.start(host);
    const unknown = field(0x12, Buffer.from('later'));
    const whole = field(0x0a, encodeKeyValue('whole', new Double(3)));
    const resource: Origin = { encoded: Buffer.concat([whole, unknown]), schemaUrl: 'https://example.com' };
    const first = batchOf(resource, undefined, resource);
    const second = batchOf(undefined, resource);

    await processor.consume(first);
    await processor.consume(second);

    expect(resourceAt(first, 2)).toBe(resourceAt(first, 0));
    expect(resourceAt(second, 1)).toBe(resourceAt(first, 0));
    expect(resourceAt(second, 0)).toBe(resourceAt(first, 1));
    expect(Buffer.from(resourceAt(first, 0).encoded).includes(Buffer.concat([whole, unknown]))).toBe(true);
    expect(resourceAt(first, 0).schemaUrl).toBe('https://example.com');
  });

  test('a batch that was refused is merged once', async () => {
    const { processor, host, sink } = rigFor({}, { env });
    await processor.start(host);
    const batch = batchOf(undefined);

    sink.isRefusing = true;
    await expect(processor.consume(batch)).rejects.toBeInstanceOf(RefusedError);
    sink.isRefusing = false;
    await processor.consume(batch);

    expect(resourceAttributes(resourceAt(batch, 0))).toEqual({ 'host.name': 'mine', region: 'eu' });
  });
});

test('finds out again at refresh_interval, and keeps what it knew when that fails', async () => {
  const env: Record<string, string> = { OTEL_RESOURCE_ATTRIBUTES: 'a=1' };
  const { processor, host, clock } = rigFor({ refresh_interval: '1m' }, { env });
  const valueNow = async (): Promise<unknown> => {
    const batch = batchOf(undefined);
    await processor.consume(batch);
    return resourceAttributes(resourceAt(batch, 0))['a'];
  };
  await processor.start(host);
  expect(await valueNow()).toBe('1');

  env['OTEL_RESOURCE_ATTRIBUTES'] = 'a=2';
  await clock.advance(60_000);
  expect(await valueNow()).toBe('2');
  env['OTEL_RESOURCE_ATTRIBUTES'] = 'broken';
  await clock.advance(60_000);
  expect(await valueNow()).toBe('2');

  await processor.shutdown();
  expect(clock.pendingTimers).toBe(0);
});

test('a detector that fails at refresh_interval loses nothing that it knew', async () => {
  let isThere = true;
  const ask = async (): Promise<string> => (isThere ? '{"Name":"dock1"}' : Promise.reject(new Error('no socket')));
  const { processor, host, clock } = rigFor({ detectors: ['docker', 'env'], refresh_interval: '1m' }, { ask });
  const attributesNow = async (): Promise<unknown> => {
    const batch = batchOf(undefined);
    await processor.consume(batch);
    return resourceAttributes(resourceAt(batch, 0));
  };
  await processor.start(host);

  isThere = false;
  await clock.advance(60_000);

  expect(await attributesNow()).toEqual({ 'host.name': 'dock1' });
  expect(host.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    'A detector has found nothing this time; what it found before stays.',
  ]);
  await processor.shutdown();
});

/** Goal: only resources change. Method: random rows of several resources, compared with what they said before. */
test('rows in = rows out, the same but for their resource', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(rowSpec, { minLength: 1, maxLength: 30 }), fc.boolean(), async (specs, override) => {
      const { processor, host } = rigFor({ override }, { env: { OTEL_RESOURCE_ATTRIBUTES: 's=new,t=1' } });
      await processor.start(host);
      const batch = buildBatch(specs);
      const { outcome } = deliver(batch);
      for (const [row, { isDropped }] of specs.entries()) if (isDropped) batch.drop(row, 'test');
      const before = specs.map((_, row) => saidByRow(batch, row) as object);

      await processor.consume(batch);

      for (const [row, said] of before.entries()) {
        if (batch.isDropped[row] === 1) continue;
        expect({ ...(saidByRow(batch, row) as object), resource: 0 }).toEqual({ ...said, resource: 0 });
        const old = resourceAttributes(RESOURCES[(specs[row] as (typeof specs)[0]).resourceIndex] ?? (batch.resources[0] as Origin));
        expect(resourceAttributes(resourceAt(batch, row))).toEqual(override ? { ...old, s: 'new', t: '1' } : { s: 'new', t: '1', ...old });
      }
      const { durable, dropped } = await outcome;
      expect(durable + (dropped.get('test') ?? 0)).toBe(specs.length);
    }),
  );
});
