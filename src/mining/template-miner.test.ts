import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TemplateMiner, type MinerOptions } from './template-miner.ts';
import { fillTemplate, variablesOf } from './variables.ts';

function learnAll(miner: TemplateMiner, lines: readonly string[], source: string = 'app'): string[] {
  return lines.map((line) => {
    const bytes = Buffer.from(line);
    return miner.learn(bytes, 0, bytes.length, source).text;
  });
}

/** The templates that lines belong to when all have been taken in. */
function mineAll(lines: readonly string[], options: MinerOptions = { header: 'none' }): string[] {
  const miner = new TemplateMiner(options);
  const source = miner.source('app');
  const clusters = lines.map((line) => miner.observe(Buffer.from(line), 0, Buffer.byteLength(line), source));
  miner.settle(true);
  return clusters.map((cluster) => miner.template(cluster).text);
}

const USERS = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay', 'gil'];

describe('a word', () => {
  test('becomes a variable when five have stood in its place', () => {
    const of = (count: number): string[] => mineAll(USERS.slice(0, count).map((user) => `session of ${user} was opened`));

    expect(new Set(of(4)).size).toBe(4);
    expect(new Set(of(5))).toEqual(new Set(['session of <*> was opened']));
  });

  test('that stands alone where words and numbers vary is a value too', () => {
    const lines = ['sda', 'nvme0n1', 'sdb', 'sdc', 'sdd', 'nvme1n1', 'sde'].map((disk) => `temperature of disk ${disk} is 40`);

    expect(new Set(mineAll(lines))).toEqual(new Set(['temperature of disk <*> is <*>']));
  });

  test('stays when only likeness speaks for a variable', () => {
    const lines = ['session of root was opened', 'session of root was closed', 'session of root was lost'];

    expect(mineAll(lines)).toEqual(lines);
  });

  test('that comes first says most, and needs more', () => {
    expect(new Set(mineAll(USERS.map((user) => `${user} started up`))).size).toBe(USERS.length);
  });

  test('that is the last constant one is never lost', () => {
    expect(new Set(mineAll(USERS.map((user) => `${user} 17`))).size).toBe(USERS.length);
  });

  test('may vary together with others, for twice the evidence each', () => {
    const lines = (count: number): string[] =>
      Array.from({ length: count }, (_, i) => `login of u${'x'.repeat(i)} from h${'y'.repeat(i)} has failed`);

    expect(new Set(mineAll(lines(9))).size).toBe(9);
    expect(new Set(mineAll(lines(10)))).toEqual(new Set(['login of <*> from <*> has failed']));
  });

  test('that is a number elsewhere needs less', () => {
    const templates = mineAll(['user 17 left the room', 'user ann left the room', 'user bob left the room']);

    expect(new Set(templates)).toEqual(new Set(['user <*> left the room']));
  });

  test('that was a value behind the same word is one again', () => {
    const known = USERS.map((user) => `session for user ${user} was opened`);

    const templates = mineAll([...known, 'mail for user ann is waiting', 'mail for user zoe is waiting']);

    expect(templates.slice(-2)).toEqual(['mail for user <*> is waiting', 'mail for user <*> is waiting']);
  });

  test('that was a value is one again behind a colon and a quote too', () => {
    const known = USERS.map((user) => `session for user: '${user}' was opened`);

    const [last] = mineAll([...known, "mail for user: 'ann' is waiting"]).slice(-1);

    expect(last).toBe("mail for user: '<*>' is waiting");
  });
});

describe('a message without spaces', () => {
  test('keeps the words beside its numbers', () => {
    const lines = [
      '注文番号1001を受け付けました',
      '注文番号1002をキャンセルしました',
      '注文番号1003を受け付けました',
      'ดิสก์เต็ม95%แล้ว',
      '磁盘使用率超过85%',
    ];

    expect(mineAll(lines)).toEqual([
      '注文番号<*>を受け付けました',
      '注文番号<*>をキャンセルしました',
      '注文番号<*>を受け付けました',
      'ดิสก์เต็ม<*>แล้ว',
      '磁盘使用率超过<*>',
    ]);
  });

  test('keeps them in JSON that is all ASCII, where letters are escaped', () => {
    const lines = ['Файл сохранён', 'Заказ отменён', '注文番号1001を受付', 'größe 17', '🚀 gestartet', 'C:\\u1234 und \u0007'].map(inAscii);

    expect(mineAll(lines)).toEqual(
      ['Файл сохранён', 'Заказ отменён', '注文番号<*>を受付', 'größe <*>', '🚀 gestartet', 'C:<*> und <*>'].map((text) =>
        inAscii(text).replace('info', '<*>'),
      ),
    );
  });

  test('may begin with a name', () => {
    const lines = [...USERS, 'hal', 'ida', 'jon', 'kim', 'leo'].map((user) => `${user}さんがログインしました`);

    expect(new Set(mineAll(lines))).toEqual(new Set(['<*>さんがログインしました']));
  });
});

describe('without any evidence', () => {
  test.each([
    ['took 12 ms', 'took <*> ms'],
    ['from 10.0.0.1:8080 to [::1]:80', 'from <*> to [::<*>]:<*>'],
    ['open /var/lib/x failed', 'open <*> failed'],
    ['block blk_3886 is at 0x7f', 'block <*> is at <*>'],
    ['done at Sun Nov 22 06:15:01 2026 UTC ok', 'done at <*> ok'],
    ['sizes 1 2 3 4', 'sizes <*> <*> <*> <*>'],
    ['mac 00:1A:FF:b2:ae:cd up', 'mac <*> up'],
    ['ssh2 session on L3', 'ssh2 session on L3'],
    ['see http://example.org/a?b=1 now', 'see <*>=<*> now'],
    ['{"level":"info","msg":"took 3 ms","n":7}', '{"level":"<*>","msg":"took <*> ms","n":<*>}'],
    ['boom 7\n\tat x.y(Z.java:3)', 'boom <*>\n<*>'],
  ])('%j is %j', (line, template) => {
    expect(mineAll([line])).toEqual([template]);
  });

  test('a value stays as long as it is always the same', () => {
    expect(mineAll(['login tty=ssh uid=0', 'login tty=ssh uid=7'])).toEqual(['login tty=ssh uid=<*>', 'login tty=ssh uid=<*>']);
    expect(mineAll(['login tty=ssh ok', 'login tty=console ok'])).toEqual(['login tty=<*> ok', 'login tty=<*> ok']);
  });

  test('a value alone between quotes is a value, and what is called a message is none', () => {
    expect(new Set(mineAll(['run action = "start" ok', 'run action = "stop" ok']))).toEqual(new Set(['run action = "<*>" ok']));
    expect(mineAll(['level=info msg=started', 'level=info msg=stopped'])).toEqual(['level=info msg=started', 'level=info msg=stopped']);
    expect(mineAll(['level=info msg="started"', 'level=info msg="stopped"'])).toEqual([
      'level=info msg="started"',
      'level=info msg="stopped"',
    ]);
  });

  test('mail addresses are values', () => {
    const lines = ['<ann@example.org>: relay denied', '<b.c@mail.example.com>: relay denied'];

    expect(new Set(mineAll(lines))).toEqual(new Set(['<<*>>: relay denied']));
  });

  test('dots at the end of a value belong to it, whatever the value is', () => {
    expect(new Set(mineAll(['mounting /srv/a1b2...', 'mounting /srv/abc...']))).toEqual(new Set(['mounting <*>']));
  });

  test('lists of any length are one', () => {
    expect(new Set(mineAll(['drop 11 12 13', 'drop 11', 'drop 11 12 13 14', 'drop 15 16'])).size).toBe(1);
  });

  test('units join their numbers when they differ', () => {
    expect(new Set(mineAll(['used 12 KB of 3 MB', 'used 900 B of 3 MB']))).toEqual(new Set(['used <*> of <*>']));
  });
});

describe('a template', () => {
  test('is one object with one id, and knows the ids it had', () => {
    const miner = new TemplateMiner({ header: 'none' });
    const first = miner.learn(Buffer.from('tty=a opened'), 0, 12, 'app');
    const second = miner.learn(Buffer.from('tty=b opened'), 0, 12, 'app');
    const third = miner.learn(Buffer.from('tty=c opened'), 0, 12, 'app');

    expect(first.text).toBe('tty=a opened');
    expect(third).toBe(second);
    expect(second.ancestors).toEqual([first.id]);
    expect(second.id).toMatch(/^[0-9a-f]{16}$/);
    expect(new TemplateMiner({ header: 'none' }).learn(Buffer.from('tty=a opened'), 0, 12, 'other').id).toBe(first.id);
  });

  test('given by hand takes any word from the first record on', () => {
    const miner = new TemplateMiner({ header: 'none', seeds: ['user <*> logged in from <*>'] });

    expect(learnAll(miner, ['user zoe logged in from home', 'user 7 logged in from 10.0.0.1'])).toEqual([
      'user <*> logged in from <*>',
      'user <*> logged in from <*>',
    ]);
  });

  test('does not hold what stands behind the bytes that are looked at', () => {
    const [template] = mineAll([`error 12 ${'x '.repeat(100)}`], { header: 'none', lineBytesMax: 16 });

    expect(template).toBe('error <*> x x x x<*>');
  });
});

test('lines of a source are mined without their header, also those that came before it was known', () => {
  const miner = new TemplateMiner();
  const lines = Array.from(
    { length: 40 },
    (_, i) => `2026-11-22 06:00:${10 + i} INFO [main] shop.Cart: item ${i * 31} added by ${USERS[i % 7]}`,
  );

  const templates = learnAll(miner, lines);

  expect(templates.at(-1)).toBe('item <*> added by <*>');
  expect(miner.clusterCount).toBe(1);
});

// ---- properties ----

const word = fc.constantFrom(
  'open',
  'close',
  'user',
  'from',
  'disk',
  'L3',
  'ssh2',
  'KB',
  'ms',
  'Nov',
  'null',
  'a.b.c.d',
  'root',
  'ann',
  'grün',
  '再起動',
  '完了5件',
  'x→y',
  '🚀los',
);
const number = fc.oneof(
  fc.integer({ min: 0, max: 99_999 }).map(String),
  fc.constantFrom('10.0.0.1', '0x7f3a', 'blk_-38', '/var/x', 'true', 'FF:02:1B', '12:30:59', 'http://h/1', '番号1234を受付', '12°C'),
);
const piece = fc.oneof(
  { weight: 3, arbitrary: word },
  { weight: 2, arbitrary: number },
  fc.tuple(word, number).map(([key, value]) => `${key}=${value}`),
  fc.tuple(word, word).map(([key, value]) => `${key}=${value}`),
  fc.tuple(word, word).map(([a, b]) => `${a}(${b})`),
  fc.constantFrom('k=', '()', '[]', '"quoted 7"', 'x,y,3', 'on.....0', '<*>', '{}'),
);
const line = fc.array(piece, { minLength: 1, maxLength: 7 }).map((pieces) => pieces.join(' '));
const lines = fc.array(line, { minLength: 1, maxLength: 60 });

/** As Python writes it when nobody says otherwise. */
const inAscii = (text: string): string =>
  JSON.stringify({ level: 'info', msg: text }).replace(/[^\0-\x7f]/g, (letter) =>
    Array.from({ length: letter.length }, (_, i) => `\\u${letter.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );

/** Goal: a template with the variables of a line is that line. Method: lines of everything the miner treats in a way of its own. */
test.each<[string, (text: string) => string]>([
  ['text', (text) => text],
  ['JSON', (text) => JSON.stringify({ level: 'info', msg: text })],
  ['JSON in ASCII', inAscii],
])('variables put back into their template give the line, byte for byte: %s', (_, written) => {
  fc.assert(
    fc.property(lines, (given) => {
      const all = given.map(written);
      const texts = mineAll(all);

      for (const [i, text] of texts.entries()) {
        const bytes = Buffer.from(all[i] as string);
        const ranges = variablesOf({ id: '', text }, bytes, 0, bytes.length);
        expect(ranges, `${all[i]} is of ${text}`).toBeDefined();
        const values: string[] = [];
        for (let at = 0; at < (ranges?.length ?? 0); at += 2) values.push(bytes.toString('utf8', ranges?.[at], ranges?.[at + 1]));
        expect(fillTemplate(text, values)).toBe(all[i]);
      }
    }),
  );
});

/** Goal: a restart changes nothing. Method: the same lines with and without one at some point. */
test('a miner that was saved and restored names lines as one that was not', () => {
  fc.assert(
    fc.property(lines, lines, fc.constantFrom<MinerOptions['header']>('auto', 'none'), (before, after, header) => {
      const steady = new TemplateMiner({ header: header ?? 'auto' });
      const stopped = new TemplateMiner({ header: header ?? 'auto' });
      const restarted = new TemplateMiner({ header: header ?? 'auto' });
      learnAll(steady, before);
      learnAll(stopped, before);

      expect(restarted.restore(stopped.snapshot())).toBe(true);

      expect(learnAll(restarted, after)).toEqual(learnAll(steady, after));
    }),
  );
});

/** Goal: what a source is called does not depend on what else the agent reads. */
test('templates of a source are the same whatever other sources say in between', () => {
  fc.assert(
    fc.property(lines, lines, (own, other) => {
      const alone = learnAll(new TemplateMiner(), own);

      const miner = new TemplateMiner();
      const together = own.map((text, i) => {
        learnAll(miner, [other[i % other.length] as string], 'other');
        return learnAll(miner, [text])[0];
      });

      expect(together).toEqual(alone);
    }),
  );
});

/** Goal: every line is counted somewhere. Method: bounds so small that almost all is forgotten. */
test('no count is lost when templates and sources are forgotten', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(line, fc.constantFrom('a', 'b', 'c')), { maxLength: 120 }), (all) => {
      const miner = new TemplateMiner({ clustersMax: 4, sourcesMax: 2, shapesMax: 16, header: 'none' });
      for (const [text, source] of all) learnAll(miner, [text], source);

      let counted = miner.evictedCount;
      for (const source of miner.sources) {
        expect(source.clusters.size).toBeLessThanOrEqual(4);
        for (const { count } of source.clusters) counted += count;
      }
      expect(counted).toBe(all.length);
    }),
  );
});

describe('a record of JSON', () => {
  const words = (count: number): string => Array.from({ length: count }, (_, i) => `word${'abcdefghij'[i % 10]}`).join(' ');

  test('is its keys and its message', () => {
    const records = [1, 22, 333].map((ms) => `{"level":"info","message":"took ${ms} ms","host":"h${ms}"}`);

    expect(new Set(mineAll(records))).toEqual(new Set(['{"level":"<*>","message":"took <*> ms","host":"<*>"}']));
  });

  test('may have a message of any length; what lies beyond the bound is a variable', () => {
    const records = [200_000, 150_001].map((count) => `{"message":"${words(count)}"}`);

    const templates = mineAll(records, { header: 'none', lineBytesMax: 60 });

    expect(new Set(templates)).toEqual(new Set([`{"message":"${words(100).slice(0, 60)}<*>"}`]));
  });

  test('is one variable when there is too much beside its values', () => {
    const record = `{${Array.from({ length: 30 }, (_, i) => `"key${i}":1`).join(',')}}`;

    expect(mineAll([record], { header: 'none', lineBytesMax: 100 })).toEqual(['{<*>}']);
  });

  test('takes a value with many escapes', () => {
    expect(mineAll([`{"a":"${String.raw`\"x\\`.repeat(300_000)}","message":"it failed"}`])).toEqual(['{"a":"<*>","message":"it failed"}']);
  });
});
