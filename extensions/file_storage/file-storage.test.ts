import { existsSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StorageLockedError } from '#storage';
import { FakeClock, settleMicrotasks } from '../../test/helpers/fake-clock.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { FileStorage, checkFileStorageConfig, type FileStorageConfig } from './file-storage.ts';

const NEVER = new AbortController().signal;

function configFor(options: Partial<FileStorageConfig> = {}): FileStorageConfig {
  return {
    directory: join(mkdtempSync(join(tmpdir(), 'winnow-storage-')), 'state'),
    timeout: '1s',
    fsync: false,
    create_directory: true,
    directory_permissions: '0700',
    recreate: false,
    compaction: {},
    ...options,
  };
}

/** The commit waits for its group, at the latest until the storage is closed. */
function put(extension: FileStorage, key: string, value: string): Promise<void> {
  const client = extension.client('receiver:file_log');
  const transaction = client.begin();
  client.put(transaction, key, value);
  return client.commit(transaction);
}

test('what a component stored is there after a restart', async () => {
  const config = configFor();
  const first = new FileStorage(config, { id: 'file_storage' });
  await first.start(createTestHost());
  const stored = put(first, 'position', '42');
  await first.shutdown(NEVER);
  await stored;

  const second = new FileStorage(config, { id: 'file_storage' });
  await second.start(createTestHost());

  expect(Buffer.from(second.client('receiver:file_log').get('position') ?? []).toString()).toBe('42');
  await second.shutdown(NEVER);
});

test('makes the folder for its owner alone', async () => {
  const config = configFor();
  const extension = new FileStorage(config, { id: 'file_storage' });

  await extension.start(createTestHost());

  expect(statSync(config.directory).mode & 0o777).toBe(0o700);
  await extension.shutdown(NEVER);
});

test('does not make it when told so, and says what to do', async () => {
  const config = configFor({ create_directory: false });
  const extension = new FileStorage(config, { id: 'file_storage' });

  await expect(extension.start(createTestHost())).rejects.toThrow('create_directory: true');

  expect(existsSync(config.directory)).toBe(false);
});

test('waits for another agent to leave the folder, but not for ever', async () => {
  const config = configFor();
  const clock = new FakeClock();
  const first = new FileStorage(config, { id: 'file_storage' });
  await first.start(createTestHost({ clock }));

  const second = new FileStorage(config, { id: 'file_storage' });
  const refused = second.start(createTestHost({ clock })).catch((problem: unknown) => problem);
  await clock.advance(1000);
  expect(await refused).toBeInstanceOf(StorageLockedError);
  const third = new FileStorage(config, { id: 'file_storage' });
  const started = third.start(createTestHost({ clock }));
  await clock.advance(500);
  await first.shutdown(NEVER);
  await clock.advance(500);
  await started;

  await third.shutdown(NEVER);
});

test('shutdown twice, and without start', async () => {
  const extension = new FileStorage(configFor(), { id: 'file_storage' });
  await extension.start(createTestHost());

  await extension.shutdown(NEVER);
  await extension.shutdown(NEVER);
  await new FileStorage(configFor(), { id: 'file_storage' }).shutdown(NEVER);
  await settleMicrotasks();

  expect(() => extension.client('x')).toThrow('is not open');
});

test('a relative folder is refused', () => {
  expect(checkFileStorageConfig(configFor({ directory: 'state' }))).toHaveLength(1);
});
