/**
 * Goal: what is published works by itself. Method: build and pack as `npm publish` does, install the archive into an empty
 * folder, and let the installed command ship a file. Packages come from npm's cache where it has them.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent, createFolder, eventually } from '../helpers/agent.ts';

const root = resolve(import.meta.dirname, '../..');
// The installed package takes the Node of PATH; the one of this checkout is new enough.
const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` };
let folder = '';
let installed = '';
let winnow = '';

beforeAll(() => {
  folder = createFolder();
  npm('pack', '--pack-destination', folder);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const prefix = join(folder, 'installed');
  mkdirSync(prefix);
  npm('install', '--prefix', prefix, '--prefer-offline', '--no-audit', '--no-fund', join(folder, `winnow-agent-${version}.tgz`));
  installed = join(prefix, 'node_modules/@winnow/agent');
  winnow = join(prefix, 'node_modules/.bin/winnow');
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function npm(...args: readonly string[]): void {
  execFileSync('npm', args, { cwd: root, env, stdio: 'pipe' });
}

describe('the installed package', () => {
  test('holds no sources, no tests and no tools', () => {
    const paths = readdirSync(installed, { recursive: true, encoding: 'utf8' });

    expect(paths).toContain('dist/main.js');
    expect(paths.filter((path) => /^(src|test|tools|dist\/test)$|\.test\.js$|(?<!\.d)\.ts$/.test(path))).toEqual([]);
  });

  test('says its version', () => {
    const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { version: string };

    expect(execFileSync(winnow, ['version'], { encoding: 'utf8', env })).toContain(version);
  });

  test('shows the service files it would install', () => {
    const said = execFileSync(winnow, ['service', 'install', '--dry-run', '--manager', 'systemd'], {
      encoding: 'utf8',
      env,
      stdio: 'pipe',
    });

    expect(said).toContain(join(installed, 'dist/main.js'));
  });

  test('ships a file to a file', { timeout: 40_000 }, async () => {
    const output = join(folder, 'out.jsonl');
    const config = `
receivers: { file_log: { include: ['${folder}/in.log'], start_at: beginning } }
exporters: { file: { path: '${output}' } }
extensions: { file_storage: { directory: '${folder}/storage' } }
service:
  extensions: [file_storage]
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [file_log], exporters: [file] } }
`;
    const agent = new Agent({ folder, config, env: { PATH: env.PATH }, launcher: winnow });
    appendFileSync(join(folder, 'in.log'), 'first\nsecond\n');

    agent.start();
    const hasCome = await eventually(() => existsSync(output) && readFileSync(output, 'utf8').includes('second'), 20_000);
    const exitCode = await agent.stop();

    expect(hasCome, agent.output).toBe(true);
    expect(exitCode, agent.output).toBe(0);
    const bodies = Array.from(readFileSync(output, 'utf8').matchAll(/"stringValue":"(first|second)"/g), ([, body]) => body);
    expect(bodies).toEqual(['first', 'second']);
  });
});
