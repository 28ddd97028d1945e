import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConfigError } from '#component';
import { loadConfig, type Config, type LoadOptions } from '../../src/config/index.ts';
import { exampleRegistry } from './example-components.ts';

export type LoadTextOptions = Partial<Omit<LoadOptions, 'cwd'>>;

/** Loads files, by name and content, out of a folder of their own; the first is the one `--config` names. */
export async function loadFiles(files: Readonly<Record<string, string | Uint8Array>>, options: LoadTextOptions = {}): Promise<Config> {
  const cwd = mkdtempSync(join(tmpdir(), 'winnow-config-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(cwd, name)), { recursive: true });
      writeFileSync(join(cwd, name), text);
    }
    return await loadConfig({ sources: Object.keys(files).slice(0, 1), env: {}, registry: exampleRegistry, ...options, cwd });
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

export function loadText(text: string, options: LoadTextOptions = {}): Promise<Config> {
  return loadFiles({ 'config/winnow.yaml': text }, options);
}

/** The lines of the ConfigError, or none when the configuration is fine. */
export async function problemsOf(loading: Promise<Config>): Promise<string[]> {
  try {
    await loading;
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

/** The rest of a working configuration, for texts that need only a part of it. */
export const PIPELINE = `
service:
  pipelines:
    logs: { receivers: [file_log], exporters: [debug] }
`;
