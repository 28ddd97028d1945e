/**
 * The rules no linter knows: words we do not use, links that lead nowhere, folders nobody lists. Each rule is a function
 * over files, so that the tests below can also show it a violation and see it refused.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

interface File {
  readonly path: string;
  readonly text: string;
}

const tracked: string[] = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));

function read(pattern: RegExp): File[] {
  return tracked.filter((path) => pattern.test(path)).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** One idea, one word; and words that praise or excuse instead of saying. */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [/\bblazing(ly)?\b/i, 'give the figure'],
  [/\bsimply\b/i, 'leave it out'],
  [/\bseamless(ly)?\b/i, 'say what happens'],
  [/\brobust\b(?! (residual|statistic|z))/i, 'say what it survives'],
  [/\butili[sz]e/i, 'use'],
  [/\bleverag(e|ing)\b/i, 'use'],
  [/\bdiscarded (log )?records?\b/i, 'dropped'],
  [/\bshipped (log )?records?\b/i, 'sent'],
  [/\bwhitelist|blacklist\b/i, 'allow list, deny list'],
];

function bannedWords(files: readonly File[]): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        BANNED.filter(([word]) => word.test(line)).map(([word, instead]) => `${path}:${index + 1}: ${word.source}: ${instead}`),
      ),
  );
}

function deadLinks(files: readonly File[]): string[] {
  return files.flatMap(({ path, text }) =>
    Array.from(text.matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)(#[^)]*)?\)/g), (match) => match[1] ?? '')
      .filter((target) => !existsSync(join(root, dirname(path), target)))
      .map((target) => `${path}: ${target} does not exist`),
  );
}

/** `utils`, `common` and `shared` say nothing about why a folder changes. */
function namelessFolders(paths: readonly string[]): string[] {
  return paths.filter((path) => /(^|\/)(utils?|common|shared|helpers|misc)\//.test(path) && !path.startsWith('test/helpers/'));
}

/** Who is new finds each folder of `src` in CONTRIBUTING.md. */
function unlistedFolders(paths: readonly string[], list: string): string[] {
  const folders = new Set(paths.flatMap((path) => /^src\/[^/]+\//.exec(path)?.[0] ?? []));
  return [...folders]
    .filter((folder) => !list.includes(`\`${folder}\``))
    .map((folder) => `CONTRIBUTING.md does not say what is in ${folder}`);
}

function longFiles(files: readonly File[]): string[] {
  return files.filter(({ text }) => text.split('\n').length > 401).map(({ path }) => `${path} is longer than 400 lines`);
}

/** A test that is skipped or empty passes for the wrong reason. */
function idleTests(files: readonly File[]): string[] {
  return files.filter(({ text }) => !/\bexpect\b|\bassert\b/.test(text)).map(({ path }) => `${path} asserts nothing`);
}

function todosWithoutIssue(files: readonly File[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (/\b(TODO|FIXME)\b/.test(line) && !/#\d+|ADR/i.test(line) ? [`${path}:${index + 1}`] : [])),
  );
}

const documents = (): File[] => read(/\.md$/).filter(({ path }) => path !== 'CHANGELOG.md');
const sources = (): File[] => read(/^(?!.*testdata).*\.ts$/).filter(({ path }) => path !== 'test/tidy.test.ts');

describe('the repository', () => {
  test('uses one word for one idea', () => expect(bannedWords([...documents(), ...sources()])).toEqual([]));
  test('has no dead links', () => expect(deadLinks(read(/\.md$/))).toEqual([]));
  test('has no folder without a real name', () => expect(namelessFolders(tracked)).toEqual([]));
  test('says what each folder of src holds', () => {
    const [contributing] = read(/^CONTRIBUTING\.md$/);
    expect(unlistedFolders(tracked, contributing?.text ?? '')).toEqual([]);
  });
  test('has no file past 400 lines', () => expect(longFiles(sources())).toEqual([]));
  test('has no test that asserts nothing', () => expect(idleTests(read(/\.test\.ts$/))).toEqual([]));
  test('ties each TODO to an issue or an ADR', () => expect(todosWithoutIssue(sources())).toEqual([]));
});

describe('each rule refuses a planted violation', () => {
  const file = (text: string): File[] => [{ path: 'docs/planted.md', text }];

  test('banned word', () => expect(bannedWords(file('It is blazingly quick.'))).toHaveLength(1));
  test('dead link', () => expect(deadLinks(file('See [this](no-such-file.md).'))).toHaveLength(1));
  test('nameless folder', () => expect(namelessFolders(['src/utils/text.ts'])).toHaveLength(1));
  test('unlisted folder', () => expect(unlistedFolders(['src/queue/a.ts', 'src/new/b.ts', 'src/main.ts'], '`src/queue/`')).toHaveLength(1));
  test('long file', () => expect(longFiles(file('x\n'.repeat(402)))).toHaveLength(1));
  test('idle test', () => expect(idleTests(file("test('x', () => {})"))).toHaveLength(1));
  test('loose TODO', () => expect(todosWithoutIssue(file('// TODO: later'))).toHaveLength(1));
});
