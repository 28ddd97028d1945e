import { execFileSync, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { PropertySchema } from '#component';
import { formatOptions, replaceOptions } from './option-table.ts';

const schema: PropertySchema = {
  required: ['path'],
  properties: {
    path: { type: 'string', description: 'Where | what.' },
    format: { type: 'string', enum: ['json', ''], default: 'json', description: 'How.' },
    rotation: {
      type: 'object',
      default: {},
      description: 'When.',
      properties: {
        max: { type: ['integer', 'string'], expected: 'a size such as 1', default: 5, description: 'Largest.', deprecated: true },
      },
    },
    actions: {
      type: 'array',
      items: { type: 'object', properties: { key: { type: 'string', description: 'Which.' } } },
      default: [],
      description: 'What.',
    },
  },
};

test('a table has a row for each option, those of sections and list items dotted', () => {
  expect(formatOptions(schema)).toBe(`| Option          | Type         | Default  | Meaning              |
| --------------- | ------------ | -------- | -------------------- |
| \`path\`          | text         | required | Where \\| what.       |
| \`format\`        | \`json\`, \`""\` | \`json\`   | How.                 |
| \`rotation\`      | map          |          | When.                |
| \`rotation.max\`  | size         | \`5\`      | Deprecated. Largest. |
| \`actions\`       | list of map  | \`[]\`     | What.                |
| \`actions[].key\` | text         |          | Which.               |`);
});

test('a table replaces what stood between the markers, and nothing else', () => {
  const text = 'a\n<!-- options:start -->\nold\n<!-- options:end -->\nb';

  expect(replaceOptions(text, 'new')).toBe('a\n<!-- options:start -->\n\nnew\n\n<!-- options:end -->\nb');
  expect(replaceOptions('no markers', 'new')).toBeUndefined();
});

const script = resolve(import.meta.dirname, 'generate-docs.ts');
const run = (...args: string[]): { status: number | null; stderr: string } =>
  spawnSync(process.execPath, ['--conditions=winnow-source', script, ...args], { encoding: 'utf8' });

test('what is generated is up to date in this checkout', () => {
  expect(run('--check')).toMatchObject({ status: 0, stderr: '' });
});

test('what is out of date is named, with the first line that differs', () => {
  const folder = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();

  const { status, stderr } = run('--check', '--root', folder);

  expect(status).toBe(1);
  expect(stderr).toContain('config/winnow.schema.json: missing');
  expect(stderr).toContain('processors/batch/README.md: expected the markers');
  execFileSync('rm', ['-r', folder]);
});
