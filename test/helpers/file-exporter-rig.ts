import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { FileSystem, Outcome } from '#component';
import { LogBatch } from '#model';
import type { FileConfig } from '../../exporters/file/config.ts';
import { FileExporter } from '../../exporters/file/file-exporter.ts';
import { FakeClock } from './fake-clock.ts';
import { deliver } from './logs-sink.ts';
import { createTestHost, type TestHost } from './test-host.ts';

const NEVER = new AbortController().signal;
const running: FileExporter[] = [];

type Options = Partial<FileConfig> & { readonly fs?: FileSystem };

export interface StartedFile {
  readonly path: string;
  readonly clock: FakeClock;
  readonly host: TestHost;
  readonly exporter: FileExporter;
  /** Resolves with what became of the batch. */
  readonly send: (batch: LogBatch) => Promise<Outcome>;
  readonly stop: () => Promise<void>;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((exporter) => exporter.shutdown(AbortSignal.abort())));
});

export function configFor(path: string, options: Partial<FileConfig> = {}): FileConfig {
  return {
    path,
    append: true,
    format: 'flat_json',
    template: '{time} {severity} {body}',
    newlines: 'escape',
    compression: '',
    compression_params: {},
    flush_interval: '1s',
    fsync: 'never',
    create_directory: false,
    directory_permissions: '0700',
    ...options,
  };
}

export function newPath(name: string = 'out.json'): string {
  return join(mkdtempSync(join(tmpdir(), 'winnow-file-')), name);
}

export function batchOf(...bodies: string[]): LogBatch {
  const batch = new LogBatch();
  for (const body of bodies) batch.setBody(batch.addRow(0, 0, 0), body);
  return batch;
}

/** An exporter under way, stopped after the test. */
export async function started(options: Options = {}): Promise<StartedFile> {
  const { fs, ...rest } = options;
  const path = rest.path ?? newPath();
  const clock = new FakeClock();
  const host = createTestHost({ clock, ...(fs && { fs }) });
  const exporter = new FileExporter(configFor(path, rest), { id: 'file' });
  await exporter.start(host);
  running.push(exporter);
  const send = async (batch: LogBatch) => {
    const { outcome } = deliver(batch);
    await exporter.consume(batch);
    return outcome;
  };
  return { path, clock, host, exporter, send, stop: () => exporter.shutdown(NEVER) };
}

export function bodiesIn(path: string): unknown[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { body: unknown }).body);
}
