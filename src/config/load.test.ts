import { describe, expect, test } from 'vitest';
import { loadFiles, loadText, PIPELINE, problemsOf } from '../../test/helpers/load-text.ts';

const COMPLETE = `
receivers:
  filelog/app: { include: [/var/log/app.log] }
processors:
  dedupe:
exporters:
  otlp_http/us: { endpoint: "http://localhost:4318", headers: { Authorization: Bearer abc } }
  debug: {}
extensions:
  file_storage: { directory: /tmp/state }
service:
  extensions: [file_storage]
  pipelines:
    logs/app: { receivers: [filelog/app], processors: [dedupe], exporters: [otlp_http/us, debug] }
`;

describe('a configuration that is right', () => {
  test('becomes components with all defaults, under the ids as written', async () => {
    const config = await loadText(COMPLETE);

    const receiver = config.receivers.get('filelog/app');
    expect(receiver).toMatchObject({
      id: 'filelog/app',
      type: 'file_log',
      writtenType: 'filelog',
      name: 'app',
      position: 'config/winnow.yaml:3:3',
    });
    expect(receiver?.config).toEqual({
      include: ['/var/log/app.log'],
      start_at: 'end',
      poll_interval: '200ms',
      max_log_size: '1MiB',
      operators: [],
    });
    expect(config.processors.get('dedupe')?.config).toEqual({ interval: '10s', max_keys: 10_000 });
    expect(config.exporters.get('otlp_http/us')?.config).toMatchObject({
      tls: { insecure: false },
      sending_queue: { enabled: true, queue_size: 1000 },
    });
    expect(config.service.extensions).toEqual(['file_storage']);
    expect(config.service.pipelines).toEqual([
      {
        id: 'logs/app',
        signal: 'logs',
        receivers: ['filelog/app'],
        processors: ['dedupe'],
        exporters: ['otlp_http/us', 'debug'],
        position: 'config/winnow.yaml:14:5',
      },
    ]);
    expect(config.warnings).toEqual([]);
  });

  test('tells which files it was read from', async () => {
    const config = await loadFiles({
      'a.yaml': `receivers: { file_log: "\${file:sub/receiver.yaml}" }\nexporters: { debug: }${PIPELINE}`,
      'sub/receiver.yaml': 'include: [a]',
    });

    expect(
      config.sourcePaths.map((path) =>
        path
          .split('/')
          .slice(-2)
          .join('/')
          .replace(/^winnow-config-\w+\//, ''),
      ),
    ).toEqual(['a.yaml', 'sub/receiver.yaml']);
  });

  test('loads only the components it names', async () => {
    const loaded: string[] = [];
    const { exampleRegistry } = await import('../../test/helpers/example-components.ts');
    const registry = exampleRegistry.map((entry) => Object.assign({}, entry, { load: () => (loaded.push(entry.type), entry.load()) }));

    await loadText(`receivers: { file_log: { include: [a] } }\nexporters: { debug: }${PIPELINE}`, { registry });

    expect(loaded).toEqual(['file_log', 'debug']);
  });

  test('gives the agent telemetry its defaults, and takes both forms of resource', async () => {
    const text = `receivers: { file_log: { include: [a] } }\nexporters: { debug: }${PIPELINE}`;
    const plain = await loadText(text);
    const listed = await loadText(
      `${text}  telemetry: { logs: { level: INFO }, metrics: { readers: [{ pull: { exporter: { prometheus: { port: 9999 } } } }] }, resource: { service.name: a, attributes: [{ name: b, value: 1 }, { name: service.version, value: null }] } }`,
    );

    expect(plain.service.telemetry).toMatchObject({
      logs: { output_paths: ['stderr'], processors: [] },
      metrics: { level: 'normal' },
      resource: {},
    });
    expect(plain.service.telemetry.logs.level).toBeUndefined();
    expect(listed.service.telemetry.logs.level).toBe('info');
    expect(listed.service.telemetry.metrics.readers?.[0]?.pull?.exporter.prometheus).toMatchObject({ host: 'localhost', port: 9999 });
    expect(listed.service.telemetry.resource).toEqual({ 'service.name': 'a', b: 1, 'service.version': null });
  });

  test('may have anchors and merge keys; keys of the map itself win', async () => {
    const config = await loadText(`
receivers:
  file_log: &defaults { include: [a], poll_interval: 1s }
  file_log/b: { <<: *defaults, poll_interval: 2s }
exporters: { debug: }
service:
  pipelines:
    logs: { receivers: [file_log, file_log/b], exporters: [debug] }
`);

    expect(config.receivers.get('file_log/b')?.config).toMatchObject({ include: ['a'], poll_interval: '2s' });
  });
});

describe('what is odd but can run is a warning', () => {
  test('a component that nobody uses', async () => {
    const config = await loadText(
      `receivers: { file_log: { include: [a] } }\nexporters: { debug: }\nextensions: { file_storage: }${PIPELINE}`,
    );

    expect(config.warnings).toEqual([
      {
        path: 'extensions.file_storage',
        position: 'config/winnow.yaml:3:15',
        message: 'defined but not used; name it in service.extensions, or remove it',
      },
    ]);
  });

  test('pipelines of other signals, and the components only they name, under skipUnsupported', async () => {
    const text = `
receivers: { file_log: { include: [a] }, hostmetrics: { scrapers: {} } }
exporters: { debug: , prometheus: }
service:
  pipelines:
    logs: { receivers: [file_log], exporters: [debug] }
    metrics: { receivers: [hostmetrics], exporters: [prometheus, debug] }
`;
    const config = await loadText(text, { skipUnsupported: true });

    expect(config.service.pipelines.map(({ id }) => id)).toEqual(['logs']);
    expect(config.warnings.map(({ message }) => message)).toEqual([
      'metrics cannot be carried, only logs and traces; the pipeline is skipped',
    ]);
    expect(await problemsOf(loadText(text))).toEqual([
      'config/winnow.yaml:7:5: service.pipelines.metrics: metrics cannot be carried, only logs and traces; remove the pipeline, or skip it with --skip-unsupported',
    ]);
  });

  test('a receiver or exporter named twice; it counts once', async () => {
    const config = await loadText(
      `receivers: { file_log: { include: [a] } }\nexporters: { debug: }${PIPELINE.replace('[debug]', '[debug, debug]')}`,
    );

    expect(config.service.pipelines[0]?.exporters).toEqual(['debug']);
    expect(config.warnings[0]?.message).toBe('exporter "debug" is named twice; remove one of them');
  });
});

describe('the configuration for reading', () => {
  test('masks what the schema calls secret, what has a secret name, and users in URLs', async () => {
    const config = await loadText(COMPLETE.replace('http://localhost:4318"', 'http://me:pw@localhost:4318", password: hunter2'));
    const text = JSON.stringify([config.effective(), config.written()]);

    expect(text).not.toMatch(/abc|me:pw|hunter2/);
    expect(config.effective()).toMatchObject({
      exporters: { 'otlp_http/us': { password: '[REDACTED]', endpoint: 'http://[REDACTED]@localhost:4318' } },
    });
  });

  test('has defaults only when asked for', async () => {
    const { formatEffective } = await import('./index.ts');
    const config = await loadText(COMPLETE);

    expect(formatEffective(config)).not.toContain('poll_interval');
    expect(formatEffective(config, { defaults: true })).toContain('poll_interval: 200ms');
  });
});
