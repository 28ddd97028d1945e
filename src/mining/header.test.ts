import { describe, expect, test } from 'vitest';
import { findHeader, messageStart } from './header.ts';

const MESSAGES = [
  'Started worker 4',
  'Connection from 10.0.0.7 closed',
  'cannot open /var/lib/x: permission denied',
  'Request took 12 ms',
  'retry: attempt 3 of 5',
  'user bob logged in',
  '17 rows deleted',
  'cache miss for key item-12',
  'flush finished',
  'disk /dev/sda1 is 91% full',
  'GET /index.html 200',
  'no route to host',
];
const LEVELS = ['INFO', 'WARN', 'ERROR', 'DEBUG'];
const LOGGERS = ['org.shop.Order', 'org.shop.Cart', 'org.net.Pool'];

/** Lines of a format with the messages above; `%n` are numbers that differ, `%hex` ids. */
function linesOf(format: string): { readonly lines: string[]; readonly starts: number[] } {
  const lines: string[] = [];
  const starts: number[] = [];
  for (let i = 0; i < 48; i++) {
    const two = (number: number): string => String(number % 60).padStart(2, '0');
    const head = format
      .replaceAll('%mm', two(i * 7))
      .replaceAll('%ss', two(i * 13))
      .replaceAll('%sign', '*#-.'.charAt(i % 4))
      .replaceAll('%hex', ((i + 1) * 0x5851f42d).toString(16).padStart(12, 'a1'))
      .replaceAll('%n', String(1000 + i * 37))
      .replaceAll('%level', LEVELS[i % 4] ?? '')
      .replaceAll('%logger', LOGGERS[i % 3] ?? '');
    lines.push(head + MESSAGES[i % MESSAGES.length]);
    starts.push(head.length);
  }
  return { lines, starts };
}

/** Goal: what stands before the message is found in formats of all kinds. Method: twelve messages behind each header. */
describe('the message begins behind', () => {
  test.each([
    '2026-11-22 14:%mm:%ss,123 %level [main] %logger: ',
    '2026-11-22T14:%mm:%ss.123Z %level %logger - ',
    '2026-11-22 14:%mm:%ss.%n  %level %n --- [nio-8080-exec-1] %logger : ',
    '[2026-11-22 14:%mm:%ss] [%level] ',
    '[Sun Nov 22 14:%mm:%ss 2026] [error] ',
    'Nov 22 14:%mm:%ss web1 sshd[%n]: ',
    '<13>Nov 22 14:%mm:%ss web1 kernel: ',
    '11-22 14:%mm:%ss.123  %n  %n D NetworkStack: ',
    '261122 14%mm%ss %n INFO dfs.Node: ',
    '26/11/22 14:%mm:%ss INFO storage.Block: ',
    '20261122-14:%mm:%ss:123|Step_Counter|%n|',
    '1763%n00 2026.11.22 node-%n ',
    '%level: ',
    'level_%n 2026-11-22 14:%mm:%ss.008 25746 %level api.wsgi.server [req-%n 9bc7 - - -] ',
    '14:%mm:%ss.123 [thread-%n] %level %logger - ',
    '2026-11-22 14:%mm:%ss,711 (7ae1b6527b38) :  %level (agentkit:%n) - ',
    'I1122 14:%mm:%ss.123456 %n server.go:%n] ',
    '%level:%logger:',
    '4711:M 22 Nov 2026 14:%mm:%ss.123 %sign ',
    '2026-11-22T14:%mm:%ssZ|%level|%hex|core| ',
  ])('%s', (format) => {
    const { lines, starts } = linesOf(format);

    const pattern = findHeader(lines);

    const wrong = lines
      .filter((line, i) => messageStart(line, pattern) !== starts[i])
      .map((line) => line.slice(messageStart(line, pattern)));
    expect(wrong, `with the pattern "${pattern.join(' ')}"`).toEqual([]);
  });
});

/** Goal: a message that is one field among others is no header. Method: fields behind it, of numbers and of words. */
test.each([
  ['a bar and a number', '2026-11-22 14:%mm:%ss|%level|%logger|', '|%n'],
  ['a bar and a word', '2026-11-22 14:%mm:%ss|%level|%logger|', '|ok'],
])('the message ends before %s', (_, head, tail) => {
  const few = ['order placed', 'payment refused', 'stock empty'];
  const { lines, starts } = linesOf(head);
  const fields = lines.map((line, i) => line.slice(0, starts[i]) + (few[i % few.length] ?? '') + tail.replace('%n', String(i * 7)));

  const pattern = findHeader(fields);

  expect(fields.map((line) => messageStart(line, pattern))).toEqual(starts);
});

describe('no header', () => {
  test('is found in fields between commas, of which the last is the message', () => {
    const lines = MESSAGES.map((message, i) => `2026-11-22T14:${10 + i}:17Z,INFO,alpha,${i},"${message}"`);

    expect(findHeader(lines)).toEqual([]);
  });

  test('is found in messages', () => {
    const pattern = findHeader(MESSAGES);

    expect(pattern).toEqual([]);
  });

  test('is found in messages that begin alike', () => {
    const lines = MESSAGES.map((message) => `Worker: ${message}`);

    expect(findHeader(lines)).toEqual([]);
  });

  test('is cut off lines that continue a record', () => {
    const { lines } = linesOf('2026-11-22 14:%mm:%ss,123 ERROR %logger: ');
    const traced = lines.flatMap((line) => [line, '\tat a.b.C.d(C.java:12)', '\tat a.b.E.f(E.java:3)', 'Caused by: x.y.Z: timed out']);

    const pattern = findHeader(traced);

    expect(pattern).toContain('time');
    expect(messageStart('2026-01-30 14:39:06', pattern)).toBe(0);
    expect(messageStart('Caused by: x.y.Z: timed out', pattern)).toBe(0);
    expect(messageStart('\tat a.b.C.d(C.java:12)', pattern)).toBe(0);
  });
});
