import { describe, expect, test } from 'vitest';
import { createCompressor, decompress } from '#net';
import { readJsonRequest, readRequest, writeJsonRequest, writeRequest } from '#otlp';
import { JSON_TYPE, PROTOBUF } from './payload-type.ts';
import { splitPayload } from './split.ts';
import { batchOf } from '../../test/helpers/otlp-exporter.ts';

describe('splitPayload', () => {
  test.each([
    [PROTOBUF, 'gzip'],
    [JSON_TYPE, 'zstd'],
    [PROTOBUF, 'none'],
  ] as const)('halves %s with %s by rows, into what is configured now', async (contentType, kind) => {
    const batch = batchOf(['a', 'b', 'c', 'd', 'e']);
    const write = contentType === JSON_TYPE ? writeJsonRequest : writeRequest;
    const { body } = write(batch, 0, Number.POSITIVE_INFINITY);
    const compressor = createCompressor(kind, 0);
    const { encoding } = compressor;

    const halves = await splitPayload(
      { body: await compressor.compress(body), encoding, contentType, rows: 5 },
      createCompressor('zstd', 1),
    );

    const bodies = await Promise.all((halves ?? []).map(async (half) => decompress(half.body, half.encoding)));
    expect(halves?.map(({ rows }) => rows)).toEqual([3, 2]);
    expect(halves?.every((half) => half.encoding === 'zstd' && half.contentType === contentType)).toBe(true);
    const read = contentType === JSON_TYPE ? readJsonRequest : readRequest;
    expect(bodies.map((half) => read(half).length)).toEqual([3, 2]);
    expect(
      bodies.map((half) =>
        ['a', 'b', 'c', 'd', 'e'].filter((text) => half.includes(contentType === JSON_TYPE ? `"${text}"` : `\u0001${text}`)),
      ),
    ).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
  });

  test('leaves a single record alone', async () => {
    const payload = { body: Buffer.alloc(1), encoding: '', contentType: PROTOBUF, rows: 1 };

    expect(await splitPayload(payload, createCompressor('none', 0))).toBeUndefined();
  });
});
