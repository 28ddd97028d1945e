import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Delivery, type Consumer, type Outcome } from '#component';
import { resourceAttributes, type Origin } from '#model';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink, recordOf, type SunkRecord } from '../../test/helpers/logs-sink.ts';
import { linesBatch } from '../../test/helpers/lines-batch.ts';
import { createTestHost, type TestHost } from '../../test/helpers/test-host.ts';
import { compileOperators } from './chain.ts';
import type { OperatorConfig } from './config.ts';
import { OperatorPipeline } from './pipeline.ts';

const NEVER: AbortSignal = new AbortController().signal;

/** A pipeline as a receiver uses it. */
class Rig {
  readonly clock: FakeClock = new FakeClock();
  readonly host: TestHost = createTestHost({ clock: this.clock });
  readonly sink: LogsSink = new LogsSink();
  readonly outcomes: Outcome[] = [];
  /** Attributes of the resource of each record. */
  readonly resources: unknown[] = [];
  readonly pipeline: OperatorPipeline;

  constructor(operators: readonly OperatorConfig[], isFromFiles: boolean = false) {
    const next: Consumer = {
      mutates: false,
      consume: (batch) => {
        for (let row = 0; row < batch.length; row++) {
          if (batch.isDropped[row] === 0)
            this.resources.push(resourceAttributes(batch.resources[batch.resourceOf[row] as number] as Origin));
        }
        return this.sink.consume(batch);
      },
    };
    this.pipeline = new OperatorPipeline(operators, { id: 'file_log', next, isFromFiles });
    this.pipeline.start(this.host);
  }

  async give(
    lines: readonly string[],
    path: string = '/var/log/pods/shop_web-0_0f1e2d3c-0000-4000-8000-000000000000/web/3.log',
  ): Promise<void> {
    const batch = linesBatch(lines, { 'log.file.path': path });
    this.pipeline.process(batch);
    if (batch.liveRows === 0) return;
    batch.setDelivery(new Delivery(batch.liveRows, 1, (outcome) => this.outcomes.push(outcome)));
    await this.pipeline.next.consume(batch);
    batch.reset(Buffer.alloc(0));
  }
}

/** What is written for all three runtimes of containers, with the pieces of long lines put together. */
const RUNTIMES: readonly OperatorConfig[] = [
  {
    type: 'router',
    id: 'by-format',
    routes: [
      { output: 'docker', expr: String.raw`body matches "^\\{"` },
      { output: 'crio', expr: 'body matches "^[^ Z]+ "' },
      { output: 'containerd', expr: 'body matches "^[^ Z]+Z"' },
    ],
  },
  {
    type: 'regex_parser',
    id: 'crio',
    regex: '^(?P<time>[^ Z]+) (?P<stream>stdout|stderr) (?P<logtag>[^ ]*) ?(?P<log>.*)$',
    timestamp: { parse_from: 'attributes.time', layout_type: 'gotime', layout: '2006-01-02T15:04:05.999999999Z07:00' },
  },
  {
    type: 'recombine',
    id: 'crio-pieces',
    output: 'path',
    combine_field: 'attributes.log',
    combine_with: '',
    source_identifier: 'attributes["log.file.path"]',
    is_last_entry: "attributes.logtag == 'F'",
    max_log_size: 102_400,
  },
  {
    type: 'regex_parser',
    id: 'containerd',
    regex: '^(?P<time>[^ ^Z]+Z) (?P<stream>stdout|stderr) (?P<logtag>[^ ]*) ?(?P<log>.*)$',
    timestamp: { parse_from: 'attributes.time', layout: '%Y-%m-%dT%H:%M:%S.%LZ' },
  },
  {
    type: 'recombine',
    id: 'containerd-pieces',
    output: 'path',
    combine_field: 'attributes.log',
    combine_with: '',
    source_identifier: 'attributes["log.file.path"]',
    is_last_entry: "attributes.logtag == 'F'",
  },
  {
    type: 'json_parser',
    id: 'docker',
    output: 'path',
    timestamp: { parse_from: 'attributes.time', layout: '%Y-%m-%dT%H:%M:%S.%LZ' },
  },
  {
    type: 'regex_parser',
    id: 'path',
    parse_from: 'attributes["log.file.path"]',
    regex: String.raw`^.*\/(?P<namespace>[^_]+)_(?P<pod>[^_]+)_(?P<uid>[a-f0-9\-]{36})\/(?P<container>[^\._]+)\/(?P<restarts>\d+)\.log$`,
    cache: { size: 128 },
  },
  { type: 'move', from: 'attributes.pod', to: 'resource["k8s.pod.name"]' },
  { type: 'add', field: 'resource["service.name"]', value: 'EXPR(attributes.namespace + "/" + attributes.container)' },
  { type: 'move', from: 'attributes.log', to: 'body' },
];

describe('what is written for all runtimes of containers', () => {
  const LINES = [
    '2026-01-30T12:00:00.100000000Z stdout F from containerd',
    '2026-01-30T12:00:00.200000000Z stdout P a long ',
    '2026-01-30T12:00:00.300000000+01:00 stderr F from CRI-O',
    '{"log":"from docker","stream":"stdout","time":"2026-01-30T12:00:00.400000000Z"}',
    '2026-01-30T12:00:00.500000000Z stdout P line ',
    'Zzz, nobody knows this',
    '2026-01-30T12:00:00.600000000Z stdout F of containerd',
  ];
  const RESULT = [
    { body: 'from containerd', attributes: { stream: 'stdout' }, timeMs: Date.UTC(2026, 0, 30, 12, 0, 0, 100) },
    { body: 'from CRI-O', attributes: { stream: 'stderr' }, timeMs: Date.UTC(2026, 0, 30, 11, 0, 0, 300) },
    { body: 'from docker', attributes: { stream: 'stdout' }, timeMs: Date.UTC(2026, 0, 30, 12, 0, 0, 400) },
    { body: 'Zzz, nobody knows this', attributes: {}, timeMs: 0 },
    { body: 'a long line of containerd', attributes: { logtag: 'P' }, timeMs: Date.UTC(2026, 0, 30, 12, 0, 0, 200) },
  ];
  const byTime = (a: SunkRecord | (typeof RESULT)[number], b: typeof a): number =>
    a.timeMs === b.timeMs ? 0 : (a.timeMs ?? 0) - (b.timeMs ?? 0);

  test.each([1, 2, 3, 7])('works the same in batches of %i', async (rows) => {
    const rig = new Rig(RUNTIMES);

    for (let at = 0; at < LINES.length; at += rows) await rig.give(LINES.slice(at, at + rows));
    await rig.clock.advance(6000);
    await rig.pipeline.stop(NEVER);

    expect(rig.sink.records.toSorted(byTime)).toMatchObject(RESULT.toSorted(byTime));
    const ofPod = { 'k8s.pod.name': 'web-0', 'service.name': 'shop/web' };
    expect(rig.resources.filter((resource) => JSON.stringify(resource) === JSON.stringify(ofPod))).toHaveLength(4);
    expect(rig.outcomes.reduce((sum, { durable }) => sum + durable, 0)).toBe(LINES.length);
    // The one that no route takes is sent on, counted and told of.
    expect(rig.host.metric('winnow_operator_errors', { operator: 'by-format', type: 'router' })).toBe(1);
    expect(rig.host.lines).toMatchObject([{ level: 'warn', facts: { operator: 'by-format' } }]);
  });

  test('leaves an open piece of a file to the next start', async () => {
    const rig = new Rig(RUNTIMES);

    await rig.give(LINES.slice(0, 2));
    await rig.pipeline.stop(NEVER);

    expect(rig.sink.bodies).toEqual(['from containerd']);
    expect(rig.outcomes).toEqual([{ durable: 1, dropped: new Map(), abandoned: 1 }]);
  });
});

test('a group of a file is left to the next start, also when nothing in it tells of the file any more', async () => {
  const operators: readonly OperatorConfig[] = [
    { type: 'remove', field: 'attributes["log.file.path"]' },
    { type: 'remove', field: 'attributes["log.file.name"]' },
    { type: 'recombine', is_first_entry: 'body startsWith "A"' },
  ];
  const rigs = [new Rig(operators, true), new Rig(operators)];

  for (const rig of rigs) {
    await rig.give(['A1', 'b']);
    await rig.pipeline.stop(NEVER);
  }

  expect(rigs.map(({ sink }) => sink.bodies)).toEqual([[], ['A1\nb']]);
  expect(rigs[0]?.outcomes).toEqual([{ durable: 0, dropped: new Map(), abandoned: 2 }]);
});

test('container puts the pieces of long lines together, and says nothing of it to what stands behind', async () => {
  const rig = new Rig([
    { type: 'container', id: 'c', output: 'last', add_metadata_from_filepath: false },
    { type: 'add', field: 'attributes.no', value: 'never reached' },
    { type: 'add', id: 'last', field: 'attributes.size', value: 'EXPR(len(body))' },
  ]);
  const long = 'x'.repeat(16_384);

  await rig.give([`2026-01-30T12:00:00.1Z stdout P ${long}`, '2026-01-30T12:00:00.2Z stderr F other']);
  await rig.give([`2026-01-30T12:00:00.3Z stdout F end`, '{"log":"docker\\n","stream":"stdout","time":"2026-01-30T12:00:00.4Z"}']);

  expect(rig.sink.records.map(({ body, attributes }) => [body, attributes['size'], attributes['no']])).toEqual([
    ['other', 5, undefined],
    [`${long}end`, 16_387, undefined],
    ['docker', 6, undefined],
  ]);
});

test('with a recombine behind it, container leaves the lines of Docker as they are', async () => {
  const rig = new Rig([
    { type: 'container', add_metadata_from_filepath: false },
    { type: 'recombine', combine_field: 'body', combine_with: '', is_last_entry: 'body endsWith "\\n"' },
  ]);
  const line = (log: string): string => JSON.stringify({ log, stream: 'stdout', time: '2026-01-30T12:00:00.4Z' });

  await rig.give([line('one '), line('line\n'), line('another\n')]);

  expect(rig.sink.records.map(({ body, attributes }) => [body, attributes['logtag']])).toEqual([
    ['one line\n', undefined],
    ['another\n', undefined],
  ]);
});

test('recombine lets records pass by for which its condition is not true', async () => {
  const rig = new Rig([
    { type: 'recombine', combine_field: 'body', is_first_entry: 'body startsWith "A"', if: 'not (body startsWith "-")' },
    { type: 'add', field: 'attributes.passed', value: true },
  ]);

  await rig.give(['A1', '- by', 'b', 'A2']);
  await rig.give(['- only']);
  await rig.clock.advance(6000);

  expect(rig.sink.records.map(({ body, attributes }) => [body, attributes['passed']])).toEqual([
    ['A1\nb', true],
    ['- by', true],
    ['- only', true],
    ['A2', true],
  ]);
});

test('a router without routes gives all to its default', async () => {
  const rig = new Rig([
    { type: 'router', routes: null, default: 'last' },
    { type: 'add', field: 'attributes.no', value: 1 },
    { type: 'noop', id: 'last' },
  ]);

  await rig.give(['x']);

  expect(rig.sink.records.map(({ attributes }) => attributes['no'])).toEqual([undefined]);
});

test('joins a field inside the body', async () => {
  const rig = new Rig([
    { type: 'regex_parser', regex: '^(?P<tag>[PF]) (?P<message>.*)', parse_to: 'body' },
    { type: 'recombine', combine_field: 'body.message', combine_with: '', is_last_entry: 'body.tag == "F"', overwrite_with: 'newest' },
  ]);

  await rig.give(['F alone', 'P one ', 'P two ', 'F three', 'P next ']);
  await rig.give(['F batch']);

  expect(rig.sink.bodies).toEqual([
    { tag: 'F', message: 'alone' },
    { tag: 'F', message: 'one two three' },
    { tag: 'F', message: 'next batch' },
  ]);
});

/** An operator that leaves its name, or a router by the text, and how far ahead its ways lead. */
interface Made {
  readonly isRouter: boolean;
  readonly ways: readonly number[];
  readonly hasDefault: boolean;
}

/** The operators o0, o1, …; all ways lead forwards, at last to the one called end. */
function operatorsOf(plan: readonly Made[]): OperatorConfig[] {
  const nameAt = (index: number, way: number): string => {
    const next = index + 1 + (way % (plan.length - index));
    return next === plan.length ? 'end' : `o${next}`;
  };
  return plan.map(({ isRouter, ways, hasDefault }, index): OperatorConfig => {
    const id = `o${index}`;
    if (!isRouter) return { type: 'add', id, field: `attributes.${id}`, value: index, output: nameAt(index, ways[0] ?? 0) };
    const routes = ways.map((way, i) => ({ expr: `body == "${'abc'[i]}"`, output: nameAt(index, way), attributes: { [id]: i } }));
    return { type: 'router', id, routes, ...(hasDefault && { default: nameAt(index, 0) }) };
  });
}

/** Where a record with this text leaves traces, found by going the ways one by one. */
function tracesOf(operators: readonly OperatorConfig[], text: string): Readonly<Record<string, unknown>> {
  const traces: Record<string, unknown> = {};
  let name: unknown = 'o0';
  for (;;) {
    const operator = operators.find(({ id }) => id === name);
    if (operator?.type === 'router') {
      const at = (operator.routes ?? []).findIndex(({ expr }) => expr === `body == "${text}"`);
      if (at >= 0) traces[String(name)] = at;
      name = operator.routes?.[at]?.output ?? operator.default;
    } else if (operator?.type === 'add') {
      traces[String(name)] = operator.value;
      name = operator.output;
    } else return traces;
  }
}

/**
 * Goal: rows take the ways that are written, whatever stands beside them in a batch and wherever operators stand in the
 * list. Method: random operators in random order; each row is also taken along by hand.
 */
test('a row goes the way it would go alone', () => {
  const made = fc.record({ isRouter: fc.boolean(), ways: fc.array(fc.nat(99), { minLength: 1, maxLength: 3 }), hasDefault: fc.boolean() });
  const world = fc.array(made, { minLength: 1, maxLength: 8 }).chain((plan) => {
    const [first, ...rest] = operatorsOf(plan);
    const others = fc.shuffledSubarray(rest, { minLength: rest.length, maxLength: rest.length });
    const end: OperatorConfig = { type: 'noop', id: 'end' };
    return others.map((shuffled) => [first as OperatorConfig].concat(shuffled, end));
  });
  const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(world, texts, (operators, bodies) => {
      const batch = linesBatch(bodies);

      compileOperators(operators, { id: 'file_log' }).process(batch);

      const found = bodies.map((_, row) => recordOf(batch, row).attributes);
      expect(found).toEqual(bodies.map((text) => tracesOf(operators, text)));
    }),
  );
});
