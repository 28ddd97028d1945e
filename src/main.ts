import { readFileSync } from 'node:fs';
import { enableCompileCache, findPackageJSON, flushCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';

const isAgent = process.argv[2] === 'run';
// logrotate may send it at any time, and until somebody listens it ends the process.
if (isAgent) process.on('SIGHUP', () => {});
// A small buffer that is kept must not keep a large slab alive with it: 64 KiB for each followed file, by default.
Buffer.poolSize = 1024;
// So that stripping types and compiling are paid once, not at each start.
enableCompileCache(compileCacheDirectory());

const LAST_WORDS_MS = 1000;
const MODULES_OF_AN_AGENT = ['assert', 'cluster', 'dns', 'http', 'perf_hooks', 'sqlite', 'vm', 'zlib'].map((name) => `node:${name}`);

// Who reads what a command prints may have seen enough: winnow mine FILE | head. An agent goes on without a reader.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (!isAgent) process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const { runCommandLine } = await import('./cli/program.ts');
// Node's own modules are there compiled, but only for the flags of its start: what every agent needs comes first, which
// saves a third of the CPU time until it has started.
if (isAgent) for (const name of MODULES_OF_AN_AGENT) process.getBuiltinModule(name);
// Before the first regex of a configuration: a plain pattern that backtracks too much then goes on in linear time.
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

const exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stderr.isTTY,
  isOutTerminal: process.stdout.isTTY,
  interrupted: () => {
    const interrupted = new AbortController();
    process.once('SIGINT', () => interrupted.abort());
    return interrupted.signal;
  },
  version: readVersion(),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  exit: (code) => process.exit(code),
});
flushCompileCache();
const isWritten = Promise.all([written(process.stdout), written(process.stderr)]);
// An agent is not held up by a reader that has stopped reading.
await (isAgent ? Promise.race([isWritten, sleep(LAST_WORDS_MS)]) : isWritten);
// A connection that some library keeps open must not keep a stopped agent alive.
process.exit(exitCode);

/** A pipe takes 64 KiB at once; what still waits for its reader would be lost with the process. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => (stream.writableLength > 0 ? stream.write('', () => resolve()) : resolve()));
}

/** Not Node's own default: in a temporary folder that all users share, another one could leave code for us to run. */
function compileCacheDirectory(): string {
  const { NODE_COMPILE_CACHE: given, CACHE_DIRECTORY: cache, STATE_DIRECTORY: state, XDG_CACHE_HOME: home } = process.env;
  if (given) return given;
  if (cache || state) return join(cache || state || '', 'compile-cache');
  return join(home || join(homedir(), '.cache'), 'winnow');
}

function readVersion(): string {
  const path = findPackageJSON('..', import.meta.url);
  const manifest: unknown = path === undefined ? {} : JSON.parse(readFileSync(path, 'utf8'));
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isManifest ? String(manifest.version) : 'unknown';
}
