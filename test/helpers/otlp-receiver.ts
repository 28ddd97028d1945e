import { Ajv } from 'ajv';
import type { Consumer } from '#component';
import type { OtlpConfig } from '../../receivers/otlp/config.ts';
import { factory } from '../../receivers/otlp/index.ts';
import { OtlpReceiver } from '../../receivers/otlp/otlp-receiver.ts';
import { systemClock } from '../../src/pipeline/system-clock.ts';
import { createTestHost, type TestHost, type TestHostOptions } from './test-host.ts';

const validate = new Ajv({ useDefaults: true, allErrors: true, strict: false }).compile<OtlpConfig>(factory.schema);

export interface Gateway {
  readonly receiver: OtlpReceiver;
  readonly host: TestHost;
  readonly url: string;
  post(body: Uint8Array<ArrayBuffer> | string, headers?: Readonly<Record<string, string>>, path?: string): Promise<Response>;
  stop(graceMs?: number): Promise<void>;
}

/** A started receiver on a free port, in real time unless told otherwise. Options are those of `protocols.http`. */
export async function startGateway(next: Consumer, http: object = {}, hostOptions: TestHostOptions = {}): Promise<Gateway> {
  const config: unknown = { protocols: { http: { endpoint: '127.0.0.1:0', ...http } } };
  if (!validate(config)) throw new Error(JSON.stringify(validate.errors));
  const host = createTestHost({ clock: systemClock, ...hostOptions });
  const receiver = new OtlpReceiver(config, { id: 'otlp' }, next);
  await receiver.start(host);
  const url = `${'tls' in http ? 'https' : 'http'}://127.0.0.1:${receiver.port}`;
  return {
    receiver,
    host,
    url,
    post: (body, headers = {}, path = '/v1/logs') =>
      fetch(`${url}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/x-protobuf', ...headers } }),
    stop: (graceMs = 5000) => receiver.shutdown(AbortSignal.timeout(graceMs)),
  };
}
