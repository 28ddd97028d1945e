import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Processor } from '#component';
import { LogBatch, ValueType, type Template } from '#model';
import { readRequest, writeJsonRequest, writeRequest } from '#otlp';
import { runCommandLine } from '../../src/cli/program.ts';
import { validate } from '../../test/contract/subject.ts';
import { FakeClock } from '../../test/helpers/fake-clock.ts';
import { LogsSink, deliver } from '../../test/helpers/logs-sink.ts';
import { MemoryStorage } from '../../test/helpers/memory-storage.ts';
import { createTestHost } from '../../test/helpers/test-host.ts';
import { factory as dedupeFactory } from '../dedupe/index.ts';
import { factory } from './index.ts';

const ENCODED = 'winnow.encoded';

interface Row {
  readonly body: string;
  readonly template?: Template;
  readonly severity?: number;
}

function batchOf(rows: readonly Row[], source: number = 1): LogBatch {
  const batch = new LogBatch();
  for (const { body, template, severity = 9 } of rows) {
    const row = batch.addRow(ValueType.none, 0, 0);
    batch.setBody(row, body);
    batch.setAttribute(row, 'a', 1);
    batch.severity[row] = severity;
    if (template) batch.templateOf[row] = template;
  }
  deliver(batch, source);
  return batch;
}

/** What arrives: the requests an exporter would have sent. */
class Wire extends LogsSink {
  readonly requests: Buffer[] = [];
  override async consume(batch: LogBatch): Promise<void> {
    this.requests.push(Buffer.from(writeRequest(batch, 0, Number.POSITIVE_INFINITY).body));
    await super.consume(batch);
  }
}

async function encoder(options: object = {}) {
  const clock = new FakeClock();
  const wire = new Wire();
  const { config } = validate(dedupeFactory, { encode: 'template', ...options });
  const dedupe: Processor = dedupeFactory.create(config as never, { id: 'dedupe' }, wire);
  await dedupe.start(createTestHost({ clock }));
  return { clock, wire, dedupe };
}

async function expander(storage: MemoryStorage = new MemoryStorage(), options: object = {}) {
  const sink = new LogsSink();
  const host = createTestHost({ storage });
  const expand: Processor = factory.create(validate(factory, options).config as never, { id: 'expand' }, sink);
  await expand.start(host);
  const give = async (request: Buffer): Promise<void> => {
    const batch = readRequest(request);
    deliver(batch);
    await expand.consume(batch);
  };
  return { sink, host, expand, give, storage };
}

const template: Template = { id: '0011223344556677', text: 'the user <*> has come from <*> and is now logged in' };
const { id } = template;
const line = (user: string, from: string): Row => ({ body: `the user ${user} has come from ${from} and is now logged in`, template });

describe('encode: template', () => {
  test('the first record of a template defines it, the others travel as variables, each is restored', async () => {
    const { wire, dedupe } = await encoder();
    const rows = [
      line('a', 'x'),
      line('b', 'y'),
      line('', ''),
      { body: '2026 [7] the user c has come from z and is now logged in', template },
      { body: 'other' },
    ];
    await dedupe.consume(batchOf(rows));

    expect(wire.bodies).toEqual([
      'the user a has come from x and is now logged in',
      `${id}\u001fb\u001fy`,
      `${id}\u001f\u001f`,
      `${id}\u001f2026 [7] \u001fc\u001fz`,
      'other',
    ]);
    const { sink, give, host } = await expander();
    for (const request of wire.requests) await give(request);
    expect(sink.records.map(({ body, attributes }) => [body, attributes])).toEqual(rows.map(({ body }) => [body, { a: 1 }]));
    expect(host.metric('winnow_expand_expanded_log_records')).toBe(3);
  });

  test('each source defines for itself, and again after encode_refresh', async () => {
    const { clock, wire, dedupe } = await encoder({ encode_refresh: '1m' });
    const isWhole = (): boolean[] => wire.records.splice(0).map(({ attributes }) => attributes[ENCODED] === undefined);

    await dedupe.consume(batchOf([line('a', 'x'), line('b', 'y')], 1));
    await dedupe.consume(batchOf([line('a', 'x'), line('b', 'y')], 2));
    expect(isWhole()).toEqual([true, false, true, false]);
    await clock.advance(60_000);
    await dedupe.consume(batchOf([line('a', 'x'), line('b', 'y')], 1));
    expect(isWhole()).toEqual([true, false]);
  });

  test('errors, what the template does not describe, and bodies with the separator go out as they are', async () => {
    const { wire, dedupe } = await encoder();
    const plain = [{ ...line('a', 'b'), severity: 17 }, { body: 'user gone', template }, line('a\u001fb', 'x')];
    await dedupe.consume(batchOf([line('a', 'x'), ...plain]));

    expect(wire.records.slice(1).map(({ body, attributes }) => [body, attributes])).toEqual(plain.map(({ body }) => [body, { a: 1 }]));
  });
});

test('whatever the texts, every record is restored with all it says', async () => {
  const word = fc.oneof(
    fc.constantFrom('user', 'from', 'x'.repeat(40), ' ', '', '<*>', '\u001f', '42'),
    fc.string({ maxLength: 5, unit: 'binary' }),
  );
  const text = fc.array(word, { maxLength: 6 }).map((words) => words.join(' '));
  const templates = fc.array(
    fc.array(fc.oneof({ weight: 1, arbitrary: fc.constant('<*>') }, { weight: 2, arbitrary: word }), { minLength: 1, maxLength: 6 }),
    {
      minLength: 1,
      maxLength: 3,
    },
  );
  const choice = fc.record({
    template: fc.nat({ max: 2 }),
    values: fc.array(text, { minLength: 6, maxLength: 6 }),
    header: fc.constantFrom('', '[x] '),
    free: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(templates, fc.array(fc.array(choice, { minLength: 1, maxLength: 8 }), { maxLength: 4 }), async (forms, batches) => {
      const known = forms.map((parts, i): Template => ({ id: String(i).padStart(16, '0'), text: parts.join(' ') }));
      const { wire, dedupe } = await encoder();
      const plain = new Wire();
      for (const rows of batches) {
        const made = rows.map(({ template: at, values, header, free }) => {
          const own = known[at % known.length] as Template;
          let next = 0;
          const body = header + own.text.replaceAll('<*>', () => values[next++ % values.length] ?? '');
          return { body: free ? (values[0] ?? '') : body, template: own };
        });
        await plain.consume(batchOf(made));
        await dedupe.consume(batchOf(made));
      }
      const { sink, give } = await expander();
      for (const request of wire.requests) await give(request);

      expect(sink.records).toEqual(plain.records);
    }),
    { numRuns: 150 },
  );
});

describe('what is known', () => {
  test('templates outlive a restart, and a kill right after their batch went on', async () => {
    const { wire, dedupe } = await encoder();
    await dedupe.consume(batchOf([line('a', 'x')]));
    await dedupe.consume(batchOf([line('b', 'y')]));
    const first = await expander();
    await first.give(wire.requests[0] as Buffer);

    const second = await expander(first.storage.afterCrash());
    await second.give(wire.requests[1] as Buffer);
    expect(second.sink.bodies).toEqual(['the user b has come from y and is now logged in']);
  });

  test('a record whose template has not come passes as it is, counted; the log says so once', async () => {
    const { wire, dedupe } = await encoder();
    await dedupe.consume(batchOf([line('a', 'x')]));
    await dedupe.consume(batchOf([line('b', 'y'), line('c', 'z')]));
    const { sink, give, host } = await expander();
    await give(wire.requests[1] as Buffer);

    expect(sink.records.map(({ body, attributes }) => [body, attributes[ENCODED]])).toEqual([
      [`${id}\u001fb\u001fy`, true],
      [`${id}\u001fc\u001fz`, true],
    ]);
    expect(host.metric('winnow_expand_unknown_log_records')).toBe(2);
    expect(host.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  test('beyond max_templates the one defined longest ago is forgotten, in storage too', async () => {
    const { expand, host } = await expander(new MemoryStorage(), { max_templates: 2 });
    for (const defined of ['1', '2', '1', '3']) {
      const batch = batchOf([{ body: 'x' }]);
      batch.setAttribute(0, 'winnow.encoded.id', defined);
      batch.setAttribute(0, 'winnow.encoded.template', `text ${defined}`);
      await expand.consume(batch);
    }
    expect([...host.storage.list()].map(([key]) => key)).toEqual(['t/1', 't/3']);
  });
});

describe('winnow expand', () => {
  const run = async (args: readonly string[]): Promise<{ code: number; out: string; err: string }> => {
    let out = '';
    let err = '';
    const shell = {
      env: {},
      cwd: '/',
      isTerminal: false,
      version: '0',
      out: (text: string) => void (out += text),
      err: (text: string) => void (err += text),
      exit: () => {},
    };
    return { code: await runCommandLine(['expand', ...args], shell), out, err };
  };

  test('restores OTLP JSON lines, also when the definition comes later, and tells what it could not read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'winnow-expand-'));
    try {
      const { wire, dedupe } = await encoder();
      for (const user of ['a', 'b', 'c']) await dedupe.consume(batchOf([line(user, 'x')]));
      const json = wire.requests.map((request) => writeJsonRequest(readRequest(request), 0, Number.POSITIVE_INFINITY).body.toString());
      const path = join(folder, 'encoded.jsonl');
      writeFileSync(path, `${json.toReversed().join('\n')}\nno json\n`);

      const bodies = await run(['--bodies', path]);
      expect(bodies.out).toBe(['c', 'b', 'a'].map((user) => `${line(user, 'x').body}\n`).join(''));
      expect(bodies.err).toContain(`${path}:4: expected a line of OTLP JSON`);
      expect(bodies.code).toBe(1);
      const { out } = await run([path]);
      expect(out).not.toContain(ENCODED);
      expect(out.split('\n')).toHaveLength(4);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
