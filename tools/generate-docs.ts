/**
 * Writes what is generated from the components: config/winnow.schema.json, and the option table between the markers of
 * each component's README. With `--check` it writes nothing and exits with 1 when something is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createJsonSchema } from '../src/config/index.ts';
import { registry } from '../src/registry.ts';
import { formatOptions, replaceOptions } from './option-table.ts';

const { values: options } = parseArgs({
  options: { check: { type: 'boolean', default: false }, root: { type: 'string', default: resolve(import.meta.dirname, '..') } },
});

interface Generated {
  readonly path: string;
  readonly text: string;
}

async function generate(): Promise<{ files: Generated[]; problems: string[] }> {
  const schema = JSON.stringify(await createJsonSchema(registry), undefined, 2);
  const files: Generated[] = [{ path: 'config/winnow.schema.json', text: `${schema}\n` }];
  const problems: string[] = [];
  for (const entry of registry) {
    const path = `${entry.kind}s/${entry.type}/README.md`;
    const written = read(path);
    const factory = await entry.load();
    const text = written === undefined ? undefined : replaceOptions(written, formatOptions(factory.schema));
    if (text === undefined) problems.push(`${path}: expected the markers <!-- options:start --> and <!-- options:end -->, got none`);
    else files.push({ path, text });
  }
  return { files, problems };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(options.root, path), 'utf8');
  } catch {
    return undefined;
  }
}

/** The first line that differs, which is mostly enough to see what was forgotten. */
function describeDifference({ path, text }: Generated, written: string | undefined): string {
  if (written === undefined) return `${path}: missing`;
  const [old, now] = [written.split('\n'), text.split('\n')];
  const line = now.findIndex((content, i) => content !== old[i]);
  return `${path}:${line + 1}: out of date\n  - ${old[line] ?? ''}\n  + ${now[line] ?? ''}`;
}

const { files, problems } = await generate();
const changed = files.filter(({ path, text }) => read(path) !== text);
for (const file of changed) {
  if (options.check) problems.push(describeDifference(file, read(file.path)));
  else writeFileSync(join(options.root, file.path), file.text);
}
for (const { path } of options.check ? [] : changed) console.log(`wrote ${path}`);
if (problems.length > 0) {
  console.error([...problems, ...(options.check ? ['Run `npm run docs` and commit what it changes.'] : [])].join('\n'));
  process.exitCode = 1;
}
