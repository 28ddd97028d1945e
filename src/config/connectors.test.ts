import { describe, expect, test } from 'vitest';
import { formatProblem } from '#component';
import type { RegistryEntry } from './registry-entry.ts';
import { exampleRegistry } from '../../test/helpers/example-components.ts';
import { loadText, problemsOf } from '../../test/helpers/load-text.ts';

const head = `
receivers: { file_log: { include: [a] } }
exporters: { debug: , otlp_http: { endpoint: "http://a" } }
`;

/** Line 4 declares the connectors, pipelines begin at line 7. */
const text = (connectors: string, ...pipelines: string[]): string =>
  `${head}connectors: { ${connectors} }\nservice:\n  pipelines:\n${pipelines.map((pipeline) => `    ${pipeline}\n`).join('')}`;

const IN = 'logs: { receivers: [file_log], exporters: [forward] }';
const OUT = 'logs/out: { receivers: [forward], exporters: [debug] }';

test('a connector is an exporter of one pipeline and a receiver of another', async () => {
  const config = await loadText(text('forward:', IN, OUT));

  expect([...config.connectors.keys()]).toEqual(['forward']);
  expect(config.service.pipelines.map(({ receivers, exporters }) => [receivers, exporters])).toEqual([
    [['file_log'], ['forward']],
    [['forward'], ['debug']],
  ]);
  expect(config.effective()).toHaveProperty(['connectors', 'forward'], {});
});

const ROUTED = 'logs/out: { receivers: [routing], exporters: [debug] }';
const TO_ROUTING = 'logs: { receivers: [file_log], exporters: [routing] }';

describe('one mistake', () => {
  test.each<[string, string, string]>([
    [
      'nobody receives from it',
      text('forward:', IN),
      '7:48: service.pipelines.logs: connector "forward" stands here as an exporter, and in no pipeline of logs as receiver; name it under "receivers" of one',
    ],
    [
      'nobody gives to it',
      text('forward:', 'logs: { receivers: [file_log], exporters: [debug] }', OUT),
      '8:29: service.pipelines.logs/out: connector "forward" stands here as a receiver, and in no pipeline of logs as exporter; name it under "exporters" of one',
    ],
    [
      'a circle',
      text('forward: , forward/back:', IN, 'logs/out: { receivers: [forward, forward/back], exporters: [forward/back] }'),
      '8:65: service.pipelines.logs/out: records would go in a circle: logs/out -> forward/back -> logs/out; take a connector out',
    ],
    [
      'a pipeline that is named and does not exist',
      text('routing: { default_pipelines: [logs/otu] }', TO_ROUTING, ROUTED),
      '4:46: connectors.routing.default_pipelines[0]: pipeline "logs/otu" is not defined; did you mean "logs/out"?',
    ],
    [
      'a pipeline that is named and does not receive from it',
      text('routing: { default_pipelines: [logs/other] }', TO_ROUTING, ROUTED, 'logs/other: { receivers: [file_log], exporters: [debug] }'),
      '4:46: connectors.routing.default_pipelines[0]: pipeline "logs/other" does not name "routing" under "receivers"; those that do: logs/out',
    ],
    [
      'a connector that is not declared',
      text('', IN, OUT),
      '7:48: service.pipelines.logs: exporter "forward" is not defined; defined: debug, otlp_http',
    ],
  ])('%s', async (_what, config, said) => {
    const problems = await problemsOf(loadText(config));

    expect(problems[0]).toBe(`config/winnow.yaml:${said}`);
  });

  test('pipelines of two signals', async () => {
    const registry = exampleRegistry.map((entry): RegistryEntry => Object.assign({}, entry, { signals: ['logs', 'traces'] }));
    const config = text('forward:', IN, OUT, 'traces/out: { receivers: [forward], exporters: [debug] }');

    expect(await problemsOf(loadText(config, { registry }))).toEqual([
      'config/winnow.yaml:4:15: connectors.forward: it stands in pipelines of logs and of traces; declare a second one, such as "forward/traces"',
    ]);
  });

  test('the id of a receiver', async () => {
    const config = text('forward:', IN, OUT).replace('{ file_log: {', '{ forward: { include: [b] }, file_log: {');

    expect(await problemsOf(loadText(config))).toContain(
      'config/winnow.yaml:4:15: connectors.forward: there is a receiver of this id too; rename one of them',
    );
  });
});

test('what is odd and runs is a warning: a connector no pipeline names, a pipeline its connector gives nothing to', async () => {
  const { warnings } = await loadText(
    text(
      'forward: , routing: { default_pipelines: [logs/out] }',
      TO_ROUTING,
      ROUTED,
      'logs/idle: { receivers: [routing], exporters: [debug] }',
    ),
  );

  expect(warnings.map(formatProblem)).toEqual([
    'config/winnow.yaml:3:23: exporters.otlp_http: defined but not used; name it in a pipeline, or remove it',
    'config/winnow.yaml:4:15: connectors.forward: defined but not used; name it in two pipelines, or remove it',
    'config/winnow.yaml:4:26: connectors.routing: pipeline "logs/idle" names it as a receiver and is given nothing by it',
  ]);
});
