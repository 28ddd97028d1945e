/** A configuration as it is written for the Collector, what it means, and mistakes in it. See collector-configs.test.ts. */
export interface CollectorConfig {
  readonly text: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Values that take effect, by path. */
  readonly means: Readonly<Record<string, unknown>>;
  /** What to write wrongly, and what is said about it behind the file's name. */
  readonly typos: readonly (readonly [from: string, to: string, message: string])[];
}

/** Where the default is not the Collector's, so that nothing is lost. */
const OURS = { block_on_overflow: true, max_elapsed_time: '0s' };

export const PIPELINES: Readonly<Record<string, CollectorConfig>> = {
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
};
