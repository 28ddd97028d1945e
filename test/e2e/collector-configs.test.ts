/**
 * Configurations as they are written for the Collector run here unchanged and mean the same. Each one below uses a set
 * of forms that published configurations use (the words are ours). Compared are the values that take effect, with the
 * Collector's defaults where nothing is written; deviations stand in `OURS`. Each also gets a typo, and the message must
 * name the place, what was expected and what to write.
 */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { formatEffective } from '../../src/config/index.ts';
import { registry } from '../../src/registry.ts';
import { loadText, problemsOf } from '../helpers/load-text.ts';

interface Example {
  readonly text: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Values that take effect, by path. */
  readonly means: Readonly<Record<string, unknown>>;
  /** What to write wrongly, and what is said about it behind the file's name. */
  readonly typos: readonly (readonly [from: string, to: string, message: string])[];
}

/** Where the default is not the Collector's, so that nothing is lost. */
const OURS = { block_on_overflow: true, max_elapsed_time: '0s' };

const EXAMPLES: Readonly<Record<string, Example>> = {
  'positions in a storage extension, limits, batches, a token from the environment': {
    text: `
extensions:
  health_check: { endpoint: 0.0.0.0:13133 }
  file_storage:
    create_directory: true
    compaction: { on_start: true, on_rebound: true, directory: /tmp/winnow-compaction, check_interval: 5s }
receivers:
  filelog:
    include: [/srv/shop/*.log]
    storage: file_storage
processors:
  memory_limiter: { check_interval: 1s, limit_mib: 500, spike_limit_mib: 100 }
  batch: { timeout: 10s, send_batch_size: 1000 }
exporters:
  otlp_http:
    endpoint: "\${env:SHOP_ENDPOINT}"
    headers: { Authorization: "Token \${env:SHOP_TOKEN}" }
service:
  extensions: [health_check, file_storage]
  pipelines:
    logs: { receivers: [filelog], processors: [memory_limiter, batch], exporters: [otlp_http] }
`,
    env: { SHOP_ENDPOINT: 'https://otlp.example:4318', SHOP_TOKEN: 'secret-of-the-shop' },
    means: {
      'receivers.filelog.start_at': 'end',
      'receivers.filelog.poll_interval': '200ms',
      'receivers.filelog.include_file_name': true,
      'receivers.filelog.fingerprint_size': 1000,
      'receivers.filelog.max_log_size_behavior': 'split',
      'processors.batch.send_batch_max_size': 0,
      'exporters.otlp_http.endpoint': 'https://otlp.example:4318',
      'exporters.otlp_http.headers.Authorization': '[REDACTED]',
      'exporters.otlp_http.compression': 'gzip',
      'exporters.otlp_http.timeout': '30s',
      'exporters.otlp_http.retry_on_failure.initial_interval': '5s',
      'exporters.otlp_http.retry_on_failure.max_interval': '30s',
      'exporters.otlp_http.retry_on_failure.max_elapsed_time': OURS.max_elapsed_time,
      'exporters.otlp_http.sending_queue.queue_size': 1000,
      'exporters.otlp_http.sending_queue.num_consumers': 10,
      'exporters.otlp_http.sending_queue.block_on_overflow': OURS.block_on_overflow,
      'extensions.file_storage.timeout': '1s',
    },
    typos: [
      ['limit_mib: 500', 'limit_mb: 500', '12:41: processors.memory_limiter: "limit_mb" is not an option; did you mean "limit_mib"?'],
      ['timeout: 10s', 'timeout: 10 s', '13:21: processors.batch.timeout: expected a duration such as "10s", got "10 s"'],
      [
        'exporters: [otlp_http]',
        'exporters: [otlp_htp]',
        '21:84: service.pipelines.logs: exporter "otlp_htp" is not defined; defined: otlp_http',
      ],
    ],
  },
  'a regular expression with time and severity, an empty list of processors, the alias': {
    text: `
receivers:
  file_log:
    include: [ /srv/plain.log ]
    start_at: beginning
    operators:
      - type: regex_parser
        regex: '^(?P<day>\\d{4}-\\d{2}-\\d{2}) (?P<level>[A-Z]+) (?P<text>.*)$'
        timestamp:
          parse_from: attributes.day
          layout: '%Y-%m-%d'
        severity:
          parse_from: attributes.level
      - type: remove
        field: attributes.day
exporters:
  otlphttp/main:
    logs_endpoint: http://logs.example:9428/insert/v1/logs
    tls: { insecure: true }
service:
  pipelines:
    logs: { receivers: [file_log], processors: [], exporters: [otlphttp/main] }
`,
    means: {
      'receivers.file_log.operators.0.parse_from': 'body',
      'receivers.file_log.operators.0.parse_to': 'attributes',
      'receivers.file_log.operators.0.on_error': 'send',
      'receivers.file_log.operators.0.timestamp.layout_type': 'strptime',
      'receivers.file_log.operators.0.severity.overwrite_text': false,
      'exporters.otlphttp/main.logs_endpoint': 'http://logs.example:9428/insert/v1/logs',
      'exporters.otlphttp/main.encoding': 'proto',
    },
    typos: [
      [
        'start_at: beginning',
        'start_at: begining',
        '5:15: receivers.file_log.start_at: expected one of "beginning", "end", got "begining"; did you mean "beginning"?',
      ],
      ["layout: '%Y-%m-%d'", "layout: '%Y-%m-%Q'", '11:19: receivers.file_log.operators[0].timestamp.layout: "%Q" is no directive'],
      ['type: remove', 'type: remov', 'did you mean "remove"?'],
    ],
  },
  'a gateway over gRPC and HTTP, with limits and lives of connections': {
    text: `
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317
        max_recv_msg_size_mib: 32
        max_concurrent_streams: 200
        keepalive:
          server_parameters: { max_connection_age: 30m, max_connection_age_grace: 10s }
          enforcement_policy: { min_time: 30s, permit_without_stream: true }
      http:
  otlp/grpc:
    protocols:
      grpc:
exporters:
  otlp_http: { endpoint: http://logs.example:4318 }
service:
  pipelines:
    logs: { receivers: [otlp, otlp/grpc], exporters: [otlp_http] }
`,
    means: {
      'receivers.otlp.protocols.grpc.max_recv_msg_size_mib': 32,
      'receivers.otlp.protocols.grpc.keepalive.server_parameters.time': '2h',
      'receivers.otlp.protocols.grpc.keepalive.server_parameters.timeout': '20s',
      'receivers.otlp.protocols.http.endpoint': 'localhost:4318',
      'receivers.otlp/grpc.protocols.grpc.endpoint': 'localhost:4317',
      'receivers.otlp/grpc.protocols.http': undefined,
    },
    typos: [
      [
        'max_recv_msg_size_mib: 32',
        'max_recv_msg_size: 32',
        '7:9: receivers.otlp.protocols.grpc: "max_recv_msg_size" is not an option; did you mean "max_recv_msg_size_mib"?',
      ],
    ],
  },
  'conditions, Go layouts, a mapping of status classes': {
    text: `
receivers:
  filelog/access:
    include: ["\${env:ACCESS_LOG}"]
    operators:
      - type: regex_parser
        if: body matches '^[0-9.]+ - \\\\w+ \\\\['
        regex: '^(?P<client>[0-9.]+) - (?P<user>\\w+) \\[(?P<at>[^\\]]+)\\] (?P<status>\\d+)$'
        timestamp: { parse_from: attributes.at, layout_type: gotime, layout: "02/Jan/2006:15:04:05 -0700" }
        severity:
          parse_from: attributes.status
          overwrite_text: true
          mapping: { debug: "1xx", info: ["2xx", "3xx"], warn: "4xx", error: "5xx" }
      - { type: remove, if: attributes.at != nil, field: attributes.at }
      - { type: add, field: attributes.source, value: proxy }
processors:
  batch: { send_batch_size: 10000, send_batch_max_size: 11000, timeout: 10s }
exporters:
  otlphttp: { endpoint: "http://localhost:4318", tls: { insecure: false } }
service:
  pipelines:
    logs/proxy: { receivers: [filelog/access], processors: [batch], exporters: [otlphttp] }
`,
    env: { ACCESS_LOG: '/srv/access.log' },
    means: {
      'receivers.filelog/access.include': ['/srv/access.log'],
      'receivers.filelog/access.operators.0.if': "body matches '^[0-9.]+ - \\\\w+ \\\\['",
      'receivers.filelog/access.operators.0.severity.preset': 'default',
      'receivers.filelog/access.operators.1.if': 'attributes.at != nil',
      'processors.batch.send_batch_max_size': 11_000,
    },
    typos: [
      ['if: attributes.at != nil', 'if: attribute.at != nil', '14:29: receivers.filelog/access.operators[1].if: expected body, attributes'],
      ['send_batch_max_size: 11000', 'send_batch_max_size: 1100', 'processors.batch.send_batch_max_size: expected'],
    ],
  },
  'multiline, resource attributes, several receivers of one pipeline': {
    text: `
receivers:
  filelog:
    include: [ /srv/java.log ]
    multiline:
     line_start_pattern: '^\\['
    resource: { region: north }
  filelog/two:
    include:
      - /srv/two.log
    attributes: { service.name: two }
processors:
  batch: { send_batch_size: 1000, timeout: "1s" }
  resource:
    attributes:
    - { key: service.name, value: SHOP, action: upsert }
exporters:
  otlphttp: { endpoint: "http://backend.example:4318" }
  debug: { verbosity: detailed }
service:
  pipelines:
    logs:
      receivers: [ filelog, filelog/two ]
      processors: [ batch, resource ]
      exporters: [ otlphttp, debug ]
`,
    means: {
      'receivers.filelog.multiline.line_start_pattern': '^\\[',
      'receivers.filelog.force_flush_period': '500ms',
      'receivers.filelog.resource': { region: 'north' },
      'receivers.filelog/two.attributes': { 'service.name': 'two' },
      'exporters.debug.sampling_initial': 2,
      'exporters.debug.use_internal_logger': true,
    },
    typos: [
      [
        'action: upsert',
        'action: upset',
        '16:49: processors.resource.attributes[0].action: "upset" is not an action; expected one of insert, update, upsert',
      ],
      ['line_start_pattern', 'line_start_patern', '6:6: receivers.filelog.multiline: "line_start_patern" is not an option; did you mean'],
      [
        'verbosity: detailed',
        'verbosity: detail',
        'exporters.debug.verbosity: expected one of "basic", "normal", "detailed", got "detail"; did you mean "detailed"?',
      ],
    ],
  },
  'defaults in variables, percentages, a queue and its telemetry': {
    text: `
extensions:
  health_check: { endpoint: "\${env:HEALTH:-localhost}:13133" }
  file_storage/positions: { directory: "\${env:STATE:-/var/lib/shop}", create_directory: true, timeout: 2s }
receivers:
  file_log:
    include: ["\${env:GLOB:-/srv/*.log}"]
    exclude: ["*.gz"]
    start_at: \${env:START:-end}
    max_log_size: 1MiB
    storage: file_storage/positions
    operators:
      - { type: json_parser, id: first, severity: { parse_from: attributes.level, overwrite_text: true } }
      - { type: regex_parser, id: second, regex: '(?i)\\b(?P<level>info|warn|error)\\b', on_error: send_quiet }
processors:
  memory_limiter: { check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20 }
  batch: { send_batch_size: 2048, send_batch_max_size: 4096, timeout: 5s }
exporters:
  otlp_http/store:
    endpoint: \${env:ENDPOINT:-http://store:3100/otlp}
    headers: { X-Tenant: nobody }
    compression: gzip
    retry_on_failure: { enabled: true, max_elapsed_time: 300s }
    sending_queue: { enabled: true, queue_size: 500 }
service:
  extensions: [health_check, file_storage/positions]
  telemetry:
    logs: { level: "\${env:LEVEL:-info}" }
    metrics:
      level: normal
      readers: [{ pull: { exporter: { prometheus: { host: "\${env:HEALTH:-localhost}", port: 8888 } } } }]
  pipelines:
    logs: { receivers: [file_log], processors: [memory_limiter, batch], exporters: [otlp_http/store] }
`,
    env: { HEALTH: '127.0.0.1' },
    means: {
      'extensions.health_check.endpoint': '127.0.0.1:13133',
      'extensions.file_storage/positions.directory': '/var/lib/shop',
      'receivers.file_log.include': ['/srv/*.log'],
      'receivers.file_log.start_at': 'end',
      'exporters.otlp_http/store.retry_on_failure.max_elapsed_time': '300s',
      'exporters.otlp_http/store.sending_queue.queue_size': 500,
      'exporters.otlp_http/store.sending_queue.sizer': 'requests',
      'service.telemetry.logs.level': 'info',
      'service.telemetry.metrics.readers.0.pull.exporter.prometheus.host': '127.0.0.1',
    },
    typos: [
      [
        'storage: file_storage/positions',
        'storage: file_storage/position',
        '11:14: receivers.file_log.storage: extension "file_storage/position" is not defined; did you mean "file_storage/positions"?',
      ],
      ['compression: gzip', 'compression: gzp', '22:18: exporters.otlp_http/store.compression: expected'],
      ['port: 8888', 'prt: 8888', '"prt" is not an option; did you mean "port"?'],
    ],
  },
  'attributes edited, an empty component, files as exporters, a resource as a list': {
    text: `
receivers:
  file_log/quotes:
    include: [./quotes.log]
    include_file_path: true
processors:
  batch:
  attributes:
    actions:
      - { key: user.phone, action: update, value: UNKNOWN }
      - { key: user.email, action: hash }
      - { key: user.password, action: delete }
exporters:
  file/logs: { path: ./out.json, append: false }
service:
  telemetry:
    resource:
      attributes:
        - { name: shop.mode, value: agent }
  pipelines:
    logs/quotes: { receivers: [file_log/quotes], processors: [attributes, batch], exporters: [file/logs] }
`,
    means: {
      'processors.batch.timeout': '200ms',
      'processors.batch.send_batch_size': 8192,
      'exporters.file/logs.format': 'json',
      'exporters.file/logs.flush_interval': '1s',
      'service.telemetry.resource': { 'shop.mode': 'agent' },
    },
    typos: [
      [
        'include_file_path',
        'include_filepath',
        '5:5: receivers.file_log/quotes: "include_filepath" is not an option; did you mean "include_file_path"?',
      ],
      ['exporters: [file/logs]', 'exporters: [file/log]', 'exporter "file/log" is not defined; defined: file/logs'],
      ['key: user.phone,', 'kye: user.phone,', '"kye" is not an option; did you mean "key"?'],
    ],
  },
  'batches made by the queue instead of a processor': {
    text: `
receivers:
  filelog: { include: [/srv/queued/*.log] }
exporters:
  otlp_http:
    endpoint: http://logs.example:4318
    sending_queue:
      batch: { flush_timeout: 500ms, min_size: 4096 }
service:
  pipelines:
    logs: { receivers: [filelog], exporters: [otlp_http] }
`,
    means: {
      'exporters.otlp_http.sending_queue.batch.flush_timeout': '500ms',
      'exporters.otlp_http.sending_queue.batch.sizer': 'items',
      'exporters.otlp_http.sending_queue.batch.max_size': 0,
    },
    typos: [['flush_timeout: 500ms', 'flush_timout: 500ms', '"flush_timout" is not an option; did you mean "flush_timeout"?']],
  },
  'the runtimes of containers told apart, ways between operators, pieces put together, an expression as a value': {
    text: `
receivers:
  filelog:
    include: [/srv/pods/*/*/*.log]
    include_file_path: true
    operators:
      - type: router
        id: runtime
        default: containerd
        routes:
          - output: docker
            expr: 'body startsWith "{"'
      - type: json_parser
        id: docker
        output: pod
      - type: regex_parser
        id: containerd
        regex: '^(?P<time>\S+) (?P<stream>stdout|stderr) (?P<logtag>\S+) (?P<log>.*)$'
      - type: recombine
        id: pieces
        output: pod
        combine_field: attributes.log
        combine_with: ''
        is_last_entry: attributes.logtag == "F"
        source_identifier: attributes["log.file.path"]
        max_log_size: 0
      - type: regex_parser
        id: pod
        regex: '/(?P<name>[^/_]+)_[^/]*$'
        parse_from: attributes["log.file.path"]
        cache: { size: 64 }
        on_error: send_quiet
      - type: add
        field: resource["service.name"]
        value: EXPR("pod:" + attributes.name)
        if: '"name" in attributes'
exporters:
  otlphttp:
    endpoint: http://logs.example:4318
    sending_queue: { batch: { sizer: bytes, max_size: 4194304 } }
service:
  pipelines:
    logs: { receivers: [filelog], exporters: [otlphttp] }
`,
    means: {
      'receivers.filelog.operators.0.default': 'containerd',
      'receivers.filelog.operators.1.output': 'pod',
      'receivers.filelog.operators.3.max_batch_size': 1000,
      'receivers.filelog.operators.3.overwrite_with': 'oldest',
      'receivers.filelog.operators.3.force_flush_period': '5s',
      'exporters.otlphttp.sending_queue.batch.max_size': 4_194_304,
    },
    typos: [
      [
        '- output: docker',
        '- output: doker',
        'routes[0].output: expected the id of another operator (docker, containerd, pieces, pod, add), got "doker"',
      ],
      ['combine_field', 'combine_feld', '"combine_feld" is not an option; did you mean "combine_field"?'],
      ['"pod:" +', '"pod:" *', '.value: "* attributes.name" is no part of a condition'],
    ],
  },
};

function valueAt(config: unknown, path: string): unknown {
  // Ids and attribute names may hold dots nowhere in these paths but at their end.
  let value = config;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

describe.for(Object.entries(EXAMPLES))('%s', ([, { text, env = {}, means, typos }]) => {
  test('is valid and means what it says', async () => {
    const config = await loadText(text, { registry, env });

    const effective: unknown = parse(formatEffective(config, { defaults: true }));
    expect(Object.fromEntries(Object.keys(means).map((path) => [path, valueAt(effective, path)]))).toEqual(means);
  });

  test.for(typos)('with %s as %s it says where and what', async ([from, to, message]) => {
    const problems = await problemsOf(loadText(text.replace(from, to), { registry, env }));

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^config\/winnow\.yaml:\d+:\d+: [a-z][\w./[\]]*: /);
    expect(problems[0]).toContain(message);
  });
});
