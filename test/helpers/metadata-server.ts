/** The metadata service of a cloud, for the tests of resource_detection: a real HTTP server with answers made up. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resourceAttributes } from '#model';
import { machine } from '../../processors/resource_detection/machine.ts';
import { ResourceDetection, type ResourceDetectionConfig } from '../../processors/resource_detection/resource-detection.ts';
import { FakeClock } from './fake-clock.ts';
import { LogsSink } from './logs-sink.ts';
import { DEFAULTS, NOWHERE, batchOf, resourceAt } from './resource-detection-rig.ts';
import { createTestHost, type TestHost } from './test-host.ts';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** A text, a status, or whatever is done with the response. undefined: 404. */
export type Reply = string | number | ((response: ServerResponse, request: IncomingMessage) => void) | undefined;

export interface MetadataServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly asked: Asked[];
  /** Resolves when a question with this path has come. */
  whenAsked(path: string): Promise<void>;
  /** Resolves when the connection of a question that had no answer is closed. */
  readonly whenGivenUp: Promise<void>;
}

/** `reply` is asked with the method and path of each question, such as `GET /latest/meta-data/hostname`. */
export async function serveMetadata(reply: (question: string, headers: IncomingHttpHeaders) => Reply): Promise<MetadataServer> {
  const asked: Asked[] = [];
  const givenUp = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    asked.push({ method, url, headers });
    response.on('close', () => !response.writableEnded && givenUp.resolve());
    const answer = reply(`${method} ${url}`, headers);
    if (typeof answer === 'function') answer(response, request);
    else if (typeof answer === 'string') response.end(answer);
    else response.writeHead(answer ?? 404).end('<html>no such thing</html>');
    server.emit('asked');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    whenAsked: async (path) => {
      while (!asked.some(({ url }) => url === path)) await once(server, 'asked');
    },
    whenGivenUp: givenUp.promise,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface CloudRig {
  readonly host: TestHost;
  readonly clock: FakeClock;
  readonly processor: ResourceDetection;
  /** What a record without a resource gets. */
  readonly attributes: () => Promise<Record<string, unknown>>;
  readonly warnings: () => string[];
}

/** The processor, with a network, in surroundings where nothing else is found. */
export function cloudRig(config: Partial<ResourceDetectionConfig>): CloudRig {
  const clock = new FakeClock();
  const host = createTestHost({ clock });
  const processor = new ResourceDetection({ ...DEFAULTS, ...config }, new LogsSink(), ({ fs }, signal) => ({
    ...NOWHERE,
    request: (url, question) => machine(fs, signal).request(url, question),
  }));
  return {
    host,
    clock,
    processor,
    attributes: async () => {
      const batch = batchOf(undefined);
      await processor.consume(batch);
      return resourceAttributes(resourceAt(batch, 0));
    },
    warnings: () =>
      host.lines.filter(({ level }) => level === 'warn').map(({ message, facts }) => `${message} ${facts['reason'] ?? ''}`.trim()),
  };
}

/** What is found with a server that answers everything at once. */
export async function foundIn(config: Partial<ResourceDetectionConfig>): Promise<{ found: Record<string, unknown>; warnings: string[] }> {
  const rig = cloudRig(config);
  await rig.processor.start(rig.host);
  const found = await rig.attributes();
  await rig.processor.shutdown();
  return { found, warnings: rig.warnings() };
}
