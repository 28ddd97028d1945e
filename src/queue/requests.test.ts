import { expect, test } from 'vitest';
import { Delivery, RefusedError, type Outcome } from '#component';
import { LogBatch, ValueType } from '#model';
import { draftsOf, offerDrafts, type Draft, type Written } from './requests.ts';

function batchOf(rows: number): { readonly batch: LogBatch; readonly outcomes: Outcome[] } {
  const batch = new LogBatch();
  for (let row = 0; row < rows; row++) batch.addRow(ValueType.none, 0, 0);
  const outcomes: Outcome[] = [];
  batch.setDelivery(new Delivery(rows, 1, (outcome) => outcomes.push(outcome)));
  return { batch, outcomes };
}

/** Writes two live rows into each request. */
function inTwos(batch: LogBatch): (from: number) => Written {
  return (from) => {
    let rows = 0;
    let next = from;
    for (; next < batch.length && rows < 2; next++) if (batch.isDropped[next] === 0) rows++;
    return { body: Buffer.from(`${from}-${next}`), next, rows };
  };
}

async function refuseFrom(drafts: Iterable<Draft>, taken: number): Promise<string[]> {
  const bodies: string[] = [];
  await offerDrafts(drafts, async ({ body, claims }) => {
    if (bodies.length >= taken) throw new RefusedError('full');
    bodies.push(body.toString());
    for (const { delivery, rows } of claims) delivery.durable(rows);
  });
  return bodies;
}

test('a batch makes requests until no live row is left, each with those who answer for its rows', () => {
  const { batch } = batchOf(7);
  for (const row of [1, 5, 6]) batch.drop(row, 'noise');

  const drafts = [...draftsOf(batch, inTwos(batch))];

  expect(drafts.map(({ body, rows }) => [body.toString(), rows])).toEqual([
    ['0-3', 2],
    ['3-5', 2],
  ]);
  expect(drafts.map(({ claims }) => claims.map(({ rows }) => rows))).toEqual([[2], [2]]);
});

test('a refusal of the first request is one of the batch', async () => {
  const { batch, outcomes } = batchOf(4);

  await expect(refuseFrom(draftsOf(batch, inTwos(batch)), 0)).rejects.toThrow(RefusedError);

  expect(outcomes).toEqual([]);
  expect(batch.deliveries[0]?.outstanding).toBe(4);
});

test('what is refused of a batch that was begun is abandoned, and its caller has nothing to give again', async () => {
  const { batch, outcomes } = batchOf(5);

  expect(await refuseFrom(draftsOf(batch, inTwos(batch)), 1)).toEqual(['0-2']);

  expect(outcomes).toEqual([{ durable: 2, dropped: new Map(), abandoned: 3 }]);
});

test('a fault is no refusal', async () => {
  const { batch } = batchOf(2);

  const offered = offerDrafts(draftsOf(batch, inTwos(batch)), () => Promise.reject(new TypeError('a bug')));

  await expect(offered).rejects.toThrow(TypeError);
});
