import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '#component';
import { loadConfig, type Config, type Registry } from '../../src/config/index.ts';
import { debug, entryOf, tail } from '../helpers/example-components.ts';
import type { Subject } from './subject.ts';

const HEADINGS = ['What it does', 'Example', 'Options', 'Delivery', 'Metrics', 'Limits'];

/** The README has the headings all of them have, in their order, and the table of options. */
export function checkReadme({ entry, folder }: Subject): string[] {
  const path = join(folder, 'README.md');
  if (!existsSync(path)) return [`${path} is missing`];
  const text = readFileSync(path, 'utf8');
  const problems: string[] = [];
  if (!text.startsWith(`# ${entry.type}\n`)) problems.push(`README.md does not begin with "# ${entry.type}"`);
  const headings = Array.from(text.matchAll(/^## (.+)$/gm), ([, heading = '']) => heading);
  if (headings.join('; ') !== HEADINGS.join('; '))
    problems.push(`README.md has the headings ${headings.join(', ')} instead of ${HEADINGS.join(', ')}`);
  const table = /<!-- options:start -->([^]*)<!-- options:end -->/.exec(text)?.[1];
  if (table === undefined) problems.push('README.md has no place for the options');
  else if (table.trim() === '') problems.push('README.md has no options; run `npm run docs`');
  for (const section of text.split(/^## /m).slice(1)) {
    if (section.split('\n').slice(1).join('').trim() === '') problems.push(`README.md says nothing under ${section.split('\n')[0]}`);
  }
  return problems;
}

/** `testdata/good*.yaml` loads, `testdata/bad*.yaml` is refused with each `# expect: …` at its top. */
export async function checkTestdata(subject: Subject): Promise<string[]> {
  const folder = join(subject.folder, 'testdata');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^(good|bad).*\.ya?ml$/.test(name)) : [];
  const problems: string[] = [];
  for (const name of names.toSorted()) {
    const path = join(folder, name);
    const said = await loadPart(subject, path);
    const expected = Array.from(readFileSync(path, 'utf8').matchAll(/^# expect: (.+)$/gm), ([, text = '']) => text);
    if (name.startsWith('good')) problems.push(...said.map((problem) => `${name}: ${problem}`));
    else if (expected.length === 0) problems.push(`${name} has no "# expect: …" at its top`);
    else if (said.length === 0) problems.push(`${name} is accepted`);
    for (const text of expected) {
      if (!said.some((problem) => problem.includes(text))) problems.push(`${name}: expected "${text}", got "${said.join('; ')}"`);
    }
  }
  return problems;
}

/** What is wrong with a file of testdata. */
async function loadPart(subject: Subject, path: string): Promise<string[]> {
  try {
    await loadTestdata(subject, path);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

/** Loads the options of one component inside a configuration that is otherwise right. */
export function loadTestdata({ entry, factory }: Subject, path: string): Promise<Config> {
  const around = [tail, debug].map(entryOf).filter(({ kind, type }) => kind !== entry.kind || type !== entry.type);
  const registry: Registry = [{ ...entry, load: async () => factory }, ...around];
  const text = `
receivers: { file_log/around: { include: [a] } }
exporters: { debug/around: }
service: { pipelines: { logs: { receivers: [file_log/around], exporters: [debug/around] } } }
`;
  const replaced = entry.kind === 'receiver' && entry.type === 'file_log' ? text.replace('{ include: [a] }', `"\${file:${path}}"`) : text;
  const sets = replaced === text ? [`${entry.kind}s.${entry.type}=\${file:${path}}`] : [];
  return loadConfig({ sources: [`yaml:${replaced}`], sets, env: {}, cwd: '/', registry });
}

/** Every folder of a component is in the registry, and every entry has its folder. */
export function checkFolders(root: string, registry: Registry): string[] {
  const kinds = ['receiver', 'processor', 'exporter', 'connector', 'extension'];
  const folders = kinds.flatMap((kind) => {
    const path = join(root, `${kind}s`);
    const names = existsSync(path) ? readdirSync(path, { withFileTypes: true }) : [];
    return names.filter((name) => name.isDirectory()).map(({ name }) => `${kind}/${name}`);
  });
  const listed = registry.map(({ kind, type }) => `${kind}/${type}`);
  const names = registry.flatMap(({ kind, type, aliases }) => [type, ...aliases].map((name) => `${kind}/${name}`));
  return [
    ...folders.filter((folder) => !listed.includes(folder)).map((folder) => `${folder} is not in the registry`),
    ...listed.filter((entry) => !folders.includes(entry)).map((entry) => `${entry} has no folder`),
    ...names.filter((name, i) => names.indexOf(name) !== i).map((name) => `${name} is listed twice`),
  ];
}
