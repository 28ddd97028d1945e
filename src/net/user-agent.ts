import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

let known: string | undefined;

/** `winnow/<version>`, which is how backends know us. */
export function userAgent(): string {
  return (known ??= `winnow/${readVersion()}`);
}

function readVersion(): string {
  const path = findPackageJSON('..', import.meta.url);
  const manifest: unknown = path === undefined ? {} : JSON.parse(readFileSync(path, 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
}
