import type { CollectorConfig } from './collector-configs.pipelines.ts';

/** Those whose receivers have operators, or join lines. */
export const WITH_OPERATORS: Readonly<Record<string, CollectorConfig>> = {
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
        regex: '^(?P<time>\\S+) (?P<stream>stdout|stderr) (?P<logtag>\\S+) (?P<log>.*)$'
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
