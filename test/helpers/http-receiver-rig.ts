import type { Clock, Component } from '#component';
import { createTestHost, type TestHost } from './test-host.ts';
import { FakeClock } from './fake-clock.ts';
import { LogsSink } from './logs-sink.ts';
import { validate } from '../contract/subject.ts';
import { HttpReceiver } from '../../receivers/http/http-receiver.ts';
import { factory } from '../../receivers/http/index.ts';

const started: Component[] = [];

export interface Rig {
  readonly receiver: HttpReceiver;
  readonly sink: LogsSink;
  readonly host: TestHost;
  readonly clock: FakeClock;
  readonly url: string;
  readonly post: (path: string, body: string | Uint8Array, headers?: Readonly<Record<string, string>>) => Promise<Response>;
}

export interface RigOptions {
  readonly clock?: Clock;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** A receiver on a free port, with a sink behind it. */
export async function start(written: object = {}, options: RigOptions = {}): Promise<Rig> {
  const { config, problems } = validate(factory, { endpoint: '127.0.0.1:0', ...written });
  if (problems.length > 0) throw new Error(problems.join('; '));
  const sink = new LogsSink();
  const clock = new FakeClock();
  const host = createTestHost({ clock, ...options });
  const receiver = factory.create(config as never, { id: 'http' }, sink);
  if (!(receiver instanceof HttpReceiver)) throw new TypeError('the factory makes another receiver');
  started.push(receiver);
  await receiver.start(host);
  const url = `http://127.0.0.1:${receiver.port}`;
  // Of a string, fetch says that it is text/plain; of bytes it says nothing.
  const post: Rig['post'] = (path, body, headers = {}) =>
    fetch(url + path, { method: 'POST', body: typeof body === 'string' ? Buffer.from(body) : Uint8Array.from(body), headers });
  return { receiver, sink, host, clock, url, post };
}

export async function stopAll(): Promise<void> {
  for (const one of started.splice(0)) await one.shutdown(AbortSignal.abort());
}
