import { expect, test } from 'vitest';
import { loadText } from '../../test/helpers/load-text.ts';
import { registry } from '../registry.ts';
import { runTest } from './run-test.ts';
import { readTestFile } from './test-file.ts';

/** What each needs at least; a receiver that is not here needs nothing. */
const NEEDED: Readonly<Record<string, string>> = {
  file_log: 'include: [/var/log/*.log]',
  filelog: 'include: [/var/log/*.log]',
  http: 'endpoint: localhost:1',
  kafka: 'brokers: [localhost:1]',
  otlp: 'protocols: { http: , grpc: }',
  syslog: 'tcp: { listen_address: localhost:1 }',
};

const TESTS = `
tests:
  - name: it
    pipeline: logs
    steps:
      - send: [{ body: password=hunter2, severity: WARN }]
      - expect: [{ body: 'password=[REDACTED]', severity: WARN }]
      - lines: [password=hunter2, plain]
      - expect: [{ body: 'password=[REDACTED]' }, { body: plain }]
`;

const receivers = registry.filter(({ kind }) => kind === 'receiver');
const types = [...receivers.map(({ type }) => type), ...receivers.flatMap(({ aliases }) => aliases)];

/** Whatever a pipeline receives from, it can be tested: nothing listens, connects or runs a program. */
test.each(types)('a pipeline behind %s takes records and lines', async (type) => {
  const config = await loadText(
    `
receivers: { ${type}: { ${NEEDED[type] ?? ''} } }
processors: { redact: }
exporters: { debug: }
connectors: { forward: }
service:
  pipelines:
    logs: { receivers: [${type}], processors: [redact], exporters: [forward] }
    logs/behind: { receivers: [forward], processors: [redact], exporters: [debug] }
`,
    { registry },
  );

  for (const pipeline of ['logs', 'logs/behind']) {
    const [it] = readTestFile(TESTS.replace('pipeline: logs', `pipeline: ${pipeline}`), 'tests.yaml').tests;
    if (!it) throw new Error('the text has a test');
    expect((await runTest(config, it)).failures).toEqual([]);
  }
});
