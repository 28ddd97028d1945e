import { beforeAll, describe, expect, test } from 'vitest';
import { ContentBook } from '../../test/helpers/content-book.ts';
import { startExporter } from '../../test/helpers/otlp-exporter.ts';
import { startGateway, startGrpc } from '../../test/helpers/otlp-receiver.ts';
import { OtlpSink } from '../../test/helpers/otlp-sink.ts';
import { PROTOCOLS, sendBySdk, type Protocol } from '../../test/helpers/sdk-sender.ts';

/**
 * Goal: what the official SDK sends arrives behind us as if we were not there. Method: the SDK sends the same records to
 * an OTLP sink directly, and then through receiver and exporter by each protocol; per number, everything that a record
 * says must be equal. `npm run soak -- senders` does the same at length, with a second SDK.
 */
const COUNT = 2000;
const direct = new ContentBook();

beforeAll(async () => {
  const sink = await OtlpSink.start();
  await sendBySdk({ protocol: 'http/protobuf', url: sink.url }, COUNT);
  direct.enter(sink.logs);
  await sink.down();
});

describe.each(PROTOCOLS)('the SDK over %s', (protocol) => {
  test.each([
    ['plain', false, 0],
    ['gzip', true, 0],
    ['while the backend answers 503 half of the time', false, 0.5],
  ])('%s: all arrive, with all that they say', async (_, isCompressed, share) => {
    const sink = await OtlpSink.start();
    if (share > 0) sink.fail({ kind: 'status', status: 503, share });
    const rig = await startExporter({ endpoint: sink.url });
    const gateway = await startFor(protocol, rig.exporter);
    const book = new ContentBook();

    await sendBySdk({ protocol, url: gateway.url, isCompressed }, COUNT);
    await gateway.stop();
    await rig.stop();

    book.enter(sink.logs);
    await sink.down();
    expect(book.compareTo(direct)).toEqual({ lost: [], changed: [], unknown: [], repeated: 0 });
    expect(book.size).toBe(COUNT);
    const refused = sink.requests.filter(({ status }) => status === 503).length;
    expect(refused > 0).toBe(share > 0);
  });
});

async function startFor(protocol: Protocol, next: Parameters<typeof startGateway>[0]): Promise<{ url: string; stop(): Promise<void> }> {
  if (protocol !== 'grpc') return startGateway(next);
  const gateway = await startGrpc(next);
  return { url: `http://${gateway.address}`, stop: () => gateway.stop() };
}
