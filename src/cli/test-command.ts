import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createColors } from 'picocolors';
import { ConfigError, messageOf, type ConfigProblem } from '#component';
import type { Config } from '../config/index.ts';
import { readTestFile, runTest, testFileJsonSchema, type TestCase, type TestFile, type TestResult } from '../rehearsal/index.ts';
import { ExitCode } from './exit-codes.ts';
import { load } from './load.ts';
import type { Shell } from './shell.ts';
import { formatResults } from './test-report.ts';

export interface TestFlags {
  readonly set: readonly string[];
  readonly filter?: string;
  readonly json?: boolean;
  readonly schema?: boolean;
}

interface Loaded {
  readonly path: string;
  readonly config: Config;
  readonly tests: readonly TestCase[];
}

/** Exit code 0: all tests pass. 1: some fail. 2: the configuration or a file of tests is wrong, or no test has the name. */
export async function testConfiguration(
  config: string | undefined,
  files: readonly string[],
  flags: TestFlags,
  shell: Shell,
): Promise<number> {
  if (flags.schema) {
    shell.out(`${JSON.stringify(testFileJsonSchema(), null, 2)}\n`);
    return ExitCode.ok;
  }
  if (config === undefined || files.length === 0) {
    shell.err('winnow: expected a configuration and at least one file of tests, as in winnow test config.yaml tests.yaml\n');
    return ExitCode.usage;
  }
  const loaded: Loaded[] = [];
  for (const path of files) loaded.push(await loadTests(config, path, flags, shell));
  if (loaded.every(({ tests }) => tests.length === 0)) {
    shell.err(`winnow: no test has ${JSON.stringify(flags.filter)} in its name\n`);
    return ExitCode.usage;
  }
  const results: (TestResult & { readonly file: string })[] = [];
  for (const { path, config: own, tests } of loaded) {
    for (const test of tests) results.push({ file: path, ...(await runTest(own, test)) });
  }
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const counts = { passed: results.length - failed, failed };
  const colors = createColors(shell.isOutTerminal ?? false);
  shell.out(flags.json ? `${JSON.stringify({ ...counts, tests: results }, null, 2)}\n` : formatResults(results, colors));
  return failed > 0 ? ExitCode.failure : ExitCode.ok;
}

/** Each file of tests may set variables of its own, so that the configuration is read for each. */
async function loadTests(source: string, path: string, { set, filter }: TestFlags, shell: Shell): Promise<Loaded> {
  const { env, tests }: TestFile = readTestFile(readText(path, shell), path);
  const config = await load({ config: [source], set, skipUnsupported: true }, { ...shell, env: { ...shell.env, ...env } });
  const problems = tests.flatMap((test) => checkPipeline(test, config));
  if (problems.length > 0) throw new ConfigError(problems);
  return { path, config, tests: filter === undefined ? tests : tests.filter(({ name }) => name.includes(filter)) };
}

function readText(path: string, { cwd }: Shell): string {
  try {
    return readFileSync(resolve(cwd, path), 'utf8');
  } catch (error) {
    const reason = messageOf(error);
    throw new ConfigError([{ path: '', message: `cannot read the tests in ${path}: ${reason}` }], { cause: error });
  }
}

function checkPipeline({ name, pipeline, position }: TestCase, { service }: Config): ConfigProblem[] {
  const ids = service.pipelines.map(({ id }) => id);
  const defined = `defined: ${ids.join(', ')}`;
  if (pipeline === undefined && ids.length > 1)
    return [{ path: '', position, message: `${JSON.stringify(name)}: expected "pipeline", for the configuration has several; ${defined}` }];
  if (pipeline === undefined || ids.includes(pipeline)) return [];
  return [{ path: '', position, message: `${JSON.stringify(name)}: pipeline "${pipeline}" is not defined; ${defined}` }];
}
