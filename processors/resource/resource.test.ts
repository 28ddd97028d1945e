import { expect, test } from 'vitest';
import { RefusedError } from '#component';
import { Double, LogBatch, createResource, encodeKeyValue, field, resourceAttributes, type Origin } from '#model';
import type { ActionConfig } from '#operators';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { ResourceProcessor } from './resource.ts';

function batchOf(...resources: (Origin | undefined)[]): LogBatch {
  const batch = new LogBatch();
  for (const resource of resources) {
    const row = batch.addRow(0, 0, 0);
    batch.setBody(row, `body ${row}`);
    if (resource) batch.resourceOf[row] = batch.addResource(resource);
  }
  deliver(batch);
  return batch;
}

function processorFor(attributes: ActionConfig[], next: LogsSink = new LogsSink()): ResourceProcessor {
  return new ResourceProcessor({ attributes }, next);
}

const resourceOfRow = (batch: LogBatch, row: number): Origin => batch.resources[batch.resourceOf[row] as number] as Origin;

test('edits each resource of a batch, also the one of records that had none', async () => {
  const batch = batchOf(undefined, createResource({ 'service.name': 'shop', env: 'dev' }));

  await processorFor([
    { action: 'upsert', key: 'env', value: 'prod' },
    { action: 'insert', key: 'name', from_attribute: 'service.name' },
  ]).consume(batch);

  expect(resourceAttributes(resourceOfRow(batch, 0))).toEqual({ env: 'prod' });
  expect(resourceAttributes(resourceOfRow(batch, 1))).toEqual({ 'service.name': 'shop', env: 'prod', name: 'shop' });
});

test('equal resources become the same object, batch after batch', async () => {
  const shop = createResource({ 'service.name': 'shop' });
  const processor = processorFor([{ action: 'insert', key: 'env', value: 'prod' }]);
  const first = batchOf(shop, undefined, shop);
  const second = batchOf(undefined, shop);

  await processor.consume(first);
  await processor.consume(second);

  expect(resourceOfRow(first, 0)).toBe(resourceOfRow(first, 2));
  expect(resourceOfRow(second, 1)).toBe(resourceOfRow(first, 0));
  expect(resourceOfRow(second, 0)).toBe(resourceOfRow(first, 1));
});

test('does not leak into the next batch of the same owner', async () => {
  const batch = batchOf(undefined);
  await processorFor([{ action: 'insert', key: 'env', value: 'prod' }]).consume(batch);

  batch.reset(Buffer.alloc(0));
  batch.addRow(0, 0, 0);

  expect(resourceAttributes(resourceOfRow(batch, 0))).toEqual({});
});

test('a resource that no action changes stays the same object; what is unknown in it stays', async () => {
  const unknown = field(0x12, Buffer.from('later'));
  const resource: Origin = {
    encoded: Buffer.concat([field(0x0a, encodeKeyValue('whole', new Double(3))), unknown]),
    schemaUrl: 'https://example.com/schema',
  };
  const untouched = batchOf(resource);
  const touched = batchOf(resource);

  await processorFor([{ action: 'update', key: 'none', value: 1 }]).consume(untouched);
  await processorFor([{ action: 'insert', key: 'a', value: 1 }]).consume(touched);

  expect(resourceOfRow(untouched, 0)).toBe(resource);
  const { encoded, schemaUrl } = resourceOfRow(touched, 0);
  expect(schemaUrl).toBe('https://example.com/schema');
  expect(
    Buffer.from(encoded).equals(
      Buffer.concat([field(0x0a, encodeKeyValue('whole', new Double(3))), createResource({ a: 1 }).encoded, unknown]),
    ),
  ).toBe(true);
});

test('deletes by pattern', async () => {
  const batch = batchOf(createResource({ 'k8s.pod.uid': 'x', 'k8s.pod.name': 'y', host: 'z' }));

  await processorFor([{ action: 'delete', pattern: '^k8s\\.' }]).consume(batch);

  expect(resourceAttributes(resourceOfRow(batch, 0))).toEqual({ host: 'z' });
});

test('a batch that was refused is not edited again', async () => {
  const sink = new LogsSink();
  const processor = processorFor([{ action: 'hash', key: 'host' }], sink);
  const batch = batchOf(createResource({ host: 'a' }));

  sink.isRefusing = true;
  await expect(processor.consume(batch)).rejects.toBeInstanceOf(RefusedError);
  const once = resourceAttributes(resourceOfRow(batch, 0));
  sink.isRefusing = false;
  await processor.consume(batch);

  expect(resourceAttributes(resourceOfRow(batch, 0))).toEqual(once);
});
