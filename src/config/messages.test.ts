import { describe, expect, test } from 'vitest';
import { loadFiles, loadText, problemsOf } from '../../test/helpers/load-text.ts';

const GOOD = {
  receivers: 'receivers: { file_log: { include: [a] } }',
  processors: 'processors: { dedupe: { interval: 10s } }',
  exporters: 'exporters: { debug: }',
  service: 'service: { pipelines: { logs: { receivers: [file_log], processors: [dedupe], exporters: [debug] } } }',
};

/** What is said when one section is written like this. The sections stand in lines 1 to 4. */
function say(section: keyof typeof GOOD, text: string): Promise<string[]> {
  return problemsOf(loadText(Object.values({ ...GOOD, [section]: text }).join('\n')));
}

test('the configuration these tests vary has no mistake', async () => {
  expect(await say('receivers', GOOD.receivers)).toEqual([]);
});

describe('the examples of the style guide, to the letter', () => {
  test('a duration that is none', async () => {
    const text = `receivers:\n  file_log: { include: [a] }\n\n\n\n\n\n\n\n\n\nprocessors:\n  dedupe:\n    interval: 10 sec\n${GOOD.exporters}\n${GOOD.service}`;

    expect(await problemsOf(loadText(text))).toEqual([
      'config/winnow.yaml:14:15: processors.dedupe.interval: expected a duration such as "10s", got "10 sec"',
    ]);
  });

  test('an option that does not exist', async () => {
    expect(await say('processors', 'processors: { dedupe: { intervall: 10s } }')).toEqual([
      'config/winnow.yaml:2:25: processors.dedupe: "intervall" is not an option; did you mean "interval"?',
    ]);
  });

  test('a component that is not defined', async () => {
    const exporters = 'exporters: { otlp_http/us: { endpoint: "http://a" }, debug: }';
    const service = GOOD.service.replace('[debug]', '[debug, otlp_http/eu, otlp_http/us]');

    expect(await problemsOf(loadText([GOOD.receivers, GOOD.processors, exporters, service].join('\n')))).toEqual([
      'config/winnow.yaml:4:97: service.pipelines.logs: exporter "otlp_http/eu" is not defined; defined: debug, otlp_http/us',
    ]);
  });
});

const MISTAKES: readonly (readonly [what: string, section: keyof typeof GOOD, text: string, said: string])[] = [
  [
    'no near option',
    'processors',
    'processors: { dedupe: { colour: 1 } }',
    '2:25: processors.dedupe: "colour" is not an option; options: interval, max_keys, rotation',
  ],
  [
    'an option of a section below',
    'exporters',
    'exporters: { debug: , otlp_http: { endpoint: x, queue_size: 3 } }',
    '3:49: exporters.otlp_http: "queue_size" is not an option here; it belongs under "sending_queue"',
  ],
  [
    'a wrong type',
    'processors',
    'processors: { dedupe: { max_keys: many } }',
    '2:35: processors.dedupe.max_keys: expected a whole number of at least 1, got "many"',
  ],
  [
    'a number in quotes',
    'processors',
    'processors: { dedupe: { max_keys: "5" } }',
    '2:35: processors.dedupe.max_keys: expected a whole number of at least 1, got "5"; remove the quotes',
  ],
  [
    'a number that is too small',
    'processors',
    'processors: { dedupe: { max_keys: 0 } }',
    '2:35: processors.dedupe.max_keys: expected a whole number of at least 1, got 0',
  ],
  [
    'a number for text',
    'exporters',
    'exporters: { debug: , otlp_http: { endpoint: 12 } }',
    '3:46: exporters.otlp_http.endpoint: expected a URL, got 12; put it in quotes',
  ],
  [
    'yes for true',
    'processors',
    'processors: { dedupe: { rotation: { localtime: yes } } }',
    '2:48: processors.dedupe.rotation.localtime: expected true or false, got "yes"; write true',
  ],
  [
    'a word not on the list',
    'receivers',
    'receivers: { file_log: { include: [a], start_at: begining } }',
    '1:50: receivers.file_log.start_at: expected one of "beginning", "end", got "begining"; did you mean "beginning"?',
  ],
  [
    'a map for text',
    'exporters',
    'exporters: { debug: , otlp_http: { endpoint: {} } }',
    '3:46: exporters.otlp_http.endpoint: expected a URL, got an empty map',
  ],
  ['a list for a map', 'processors', 'processors: { dedupe: [a] }', '2:23: processors.dedupe: expected a map of options, got a list'],
  [
    'too few items',
    'receivers',
    'receivers: { file_log: { include: [] } }',
    '1:35: receivers.file_log.include: expected at least one item, got 0',
  ],
  [
    'a wrong item',
    'receivers',
    'receivers: { file_log: { include: [a, [b]] } }',
    '1:39: receivers.file_log.include[1]: expected text, got a list',
  ],
  [
    'a required option that is missing',
    'receivers',
    'receivers: { file_log: }',
    '1:14: receivers.file_log.include: expected a list of texts, got nothing; this option is required',
  ],
  [
    'a required option that is empty',
    'receivers',
    'receivers: { file_log: { include: } }',
    '1:26: receivers.file_log.include: expected a list of texts, got nothing; this option is required',
  ],
  [
    'a required option from an unset variable',
    'exporters',
    'exporters: { debug: , otlp_http: { endpoint: "${env:NOT_SET}" } }',
    '3:36: exporters.otlp_http.endpoint: expected a URL, got nothing; set the environment variable NOT_SET',
  ],
  [
    'a secret of the wrong type',
    'exporters',
    'exporters: { debug: , otlp_http: { endpoint: x, password: 12345 } }',
    '3:59: exporters.otlp_http.password: expected text, got a value that is not shown here, because it is secret; put it in quotes',
  ],
  [
    "what the component's own check finds",
    'processors',
    'processors: { dedupe: { interval: 13s } }',
    '2:35: processors.dedupe.interval: expected another number than 13',
  ],
  [
    'an operator that does not exist',
    'receivers',
    'receivers: { file_log: { include: [a], operators: [{ type: json_parse }] } }',
    '1:60: receivers.file_log.operators[0].type: expected a known type, got "json_parse"; did you mean "json_parser"?',
  ],
  [
    'an operator without type',
    'receivers',
    'receivers: { file_log: { include: [a], operators: [{ id: x }] } }',
    '1:52: receivers.file_log.operators[0].type: expected a known type, got nothing; there are: json_parser, regex_parser',
  ],
  [
    'an option of an operator',
    'receivers',
    'receivers: { file_log: { include: [a], operators: [{ type: regex_parser, regexp: a }] } }',
    '1:74: receivers.file_log.operators[0]: "regexp" is not an option; did you mean "regex"?',
  ],
  [
    'a receiver type that does not exist',
    'receivers',
    'receivers: { file_log: { include: [a] }, file_lag: }',
    '1:42: receivers.file_lag: "file_lag" is not a receiver type; did you mean "file_log"?',
  ],
  [
    'no near type',
    'exporters',
    'exporters: { debug: , kafka: }',
    '3:23: exporters.kafka: "kafka" is not an exporter type; exporter types: debug, otlp_http, otlphttp',
  ],
  [
    'a type of the Collector that is missing here',
    'exporters',
    'exporters: { debug: , loadbalancing: }',
    '3:23: exporters.loadbalancing: "loadbalancing" is not an exporter type here; the connector "round_robin" shares records out between several exporters',
  ],
  [
    'a type of another kind',
    'exporters',
    'exporters: { debug: , dedupe: }',
    '3:23: exporters.dedupe: "dedupe" is no exporter type; it belongs under "processors"',
  ],
  [
    'an id that is none',
    'exporters',
    'exporters: { debug: , "debug/": }',
    '3:23: exporters: expected an id such as "type" or "type/name", got "debug/"',
  ],
  [
    'an unknown connector',
    'processors',
    'processors: { dedupe: }\nconnectors: { forwad: }',
    '3:15: connectors.forwad: "forwad" is not a connector type; did you mean "forward"?',
  ],
  [
    'a section that does not exist',
    'processors',
    'processors: { dedupe: }\nproccessors: {}',
    '3:1: "proccessors" is not a section; did you mean "processors"?',
  ],
  [
    'a section that is a list',
    'processors',
    'processors: [dedupe]',
    '2:13: processors: expected a map of processors by id, got a list; write "id:" instead of "- id"',
  ],
  [
    'a key written twice',
    'processors',
    'processors:\n  dedupe: { max_keys: 1,\n    max_keys: 2 }',
    '4:5: processors.dedupe: "max_keys" is written twice, first in line 3; keep one of them',
  ],
  [
    'a pipeline without receivers',
    'service',
    'service: { pipelines: { logs: { exporters: [debug] } } }',
    '4:25: service.pipelines.logs: expected at least one receiver, got none; name one under "receivers"',
  ],
  [
    'a processor twice in a pipeline',
    'service',
    GOOD.service.replace('[dedupe]', '[dedupe, dedupe]'),
    '4:77: service.pipelines.logs: processor "dedupe" is named twice; remove one of them',
  ],
  [
    'a pipeline of no signal',
    'service',
    GOOD.service.replace('logs:', 'log:'),
    '4:25: service.pipelines.log: expected an id such as "logs" or "logs/name", got "log"; did you mean "logs"?',
  ],
  [
    'no pipeline',
    'service',
    'service: { pipelines: }',
    '4:12: service.pipelines: expected at least one pipeline for logs, got none; add "logs:" with receivers and exporters',
  ],
  [
    'an extension that is not defined',
    'service',
    GOOD.service.replace('service: {', 'service: { extensions: [file_storage],'),
    '4:25: service: extension "file_storage" is not defined; defined: none; add it under "extensions"',
  ],
  [
    'an option of telemetry',
    'service',
    GOOD.service.replace('service: {', 'service: { telemetry: { logs: { levle: info } },'),
    '4:33: service.telemetry.logs: "levle" is not an option; did you mean "level"?',
  ],
  [
    'an unknown scheme',
    'exporters',
    'exporters: { debug: , otlp_http: { endpoint: "${vault:x}" } }',
    '3:46: exporters.otlp_http.endpoint: expected one of env:, file:, yaml: after "${", got "vault:"; for the text itself write $${',
  ],
  [
    'a file that is not there',
    'exporters',
    'exporters: { debug: , otlp_http: { endpoint: "${file:nowhere}" } }',
    '3:46: exporters.otlp_http.endpoint: cannot read nowhere: there is no such file',
  ],
  [
    'a name that cannot be a variable',
    'receivers',
    'receivers: { file_log: { include: ["${a b}"] } }',
    '1:36: receivers.file_log.include[0]: expected the name of a variable (letters, digits, "_") in "${a b}"; for the text itself write $${a b}',
  ],
  ['a forbidden key', 'processors', 'processors: { dedupe: { __proto__: {} } }', '2:25: processors.dedupe: "__proto__" cannot be a key'],
  [
    'an alias without anchor',
    'processors',
    'processors: { dedupe: { max_keys: *none } }',
    '2:35: processors.dedupe.max_keys: the alias *none has no anchor &none before it',
  ],
];

describe('one mistake', () => {
  test.each(MISTAKES)('%s', async (_what, section, text, said) => {
    const problems = await say(section, text);

    expect(problems[0]).toBe(`config/winnow.yaml:${said}`);
  });
});

describe('text that is not YAML', () => {
  const SYNTAX: readonly (readonly [string, string, string])[] = [
    ['a tab as indentation', 'a:\n\tb: 1', '2:1: a tab cannot indent YAML; use spaces'],
    ['two documents', 'a: 1\n---\nb: 2', '2:1: one file holds one configuration; remove the second "---"'],
    ['an open bracket', 'a: [1, 2', '1:9: a "]" is missing here or shortly before'],
    ['a reference without quotes in braces', 'a: { b: ${env:X} }', '1:10: inside { } and [ ], put "${…}" in quotes'],
    ['an open quote', 'a: "b', '1:6: a closing quote is missing'],
    ['a second colon', 'a: b: c', '1:4: a line cannot hold a second "key: value"; put the text in quotes, or start a new line'],
    ['a key without colon', 'a: 1\nb\n', '2:1: a ":" and a value are missing after this key'],
    ['a list instead of a map', '- a', '1:1: expected a map of receivers, processors, exporters, extensions and service, got a list'],
    ['a word', 'hello', '1:1: expected a map of receivers, processors, exporters, extensions and service, got "hello"'],
  ];

  test.each(SYNTAX)('%s', async (_what, text, said) => {
    const problems = await problemsOf(loadText(text));

    expect(problems[0]).toBe(`config/winnow.yaml:${said}`);
  });

  test('nothing at all asks for a pipeline', async () => {
    expect(await problemsOf(loadText(''))).toEqual([
      'config/winnow.yaml:1:1: service: expected a section with at least one pipeline, got nothing; add service.pipelines.logs with receivers and exporters',
    ]);
  });
});

describe('many mistakes', () => {
  test('are told all at once, sorted by place, over several files', async () => {
    const problems = await problemsOf(
      loadFiles(
        {
          'a.yaml': 'service: { pipelines: { logs: { receivers: [nix] } } }\nreceivers: { file_log: { inclde: [a] } }',
          'b.yaml': 'processors: { dedupe: { max_keys: x, interval: y } }',
        },
        { sources: ['a.yaml', 'b.yaml'], sets: ['processors.dedupe.rotation.max_megabytes=-1'] },
      ),
    );

    expect(problems).toEqual([
      'a.yaml:1:25: service.pipelines.logs: expected at least one exporter, got none; name one under "exporters"',
      'a.yaml:1:45: service.pipelines.logs: receiver "nix" is not defined; defined: file_log',
      'a.yaml:2:14: receivers.file_log.include: expected a list of texts, got nothing; this option is required',
      'a.yaml:2:26: receivers.file_log: "inclde" is not an option; did you mean "include"?',
      'b.yaml:1:35: processors.dedupe.max_keys: expected a whole number of at least 1, got "x"',
      'b.yaml:1:48: processors.dedupe.interval: expected a duration such as "10s", got "y"',
      '--set processors.dedupe.rotation.max_megabytes: processors.dedupe.rotation.max_megabytes: expected a whole number of at least 1, got -1',
    ]);
  });

  test('inside a file that ${file:…} brought name that file', async () => {
    const problems = await problemsOf(
      loadFiles({
        'a.yaml': `${GOOD.receivers}\n${GOOD.service}\n${GOOD.exporters}\nprocessors: \${file:p.yaml}`,
        'p.yaml': 'dedupe:\n  max_keys: x',
      }),
    );

    expect(problems).toEqual(['p.yaml:2:13: processors.dedupe.max_keys: expected a whole number of at least 1, got "x"']);
  });
});
