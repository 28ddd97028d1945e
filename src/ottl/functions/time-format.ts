import type { Time } from '../time-values.ts';

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

type Part = (date: Date, time: Time) => string;

const two = (value: number): string => String(value).padStart(2, '0');
const hour12 = (date: Date): number => date.getUTCHours() % 12 || 12;
const monthName = (date: Date): string => MONTHS[date.getUTCMonth()] ?? '';
const weekday = (date: Date): string => WEEKDAYS[date.getUTCDay()] ?? '';
const half = (date: Date): string => (date.getUTCHours() < 12 ? 'AM' : 'PM');
const fraction =
  (digits: number): Part =>
  (date, { ns }) =>
    `${String(date.getUTCMilliseconds()).padStart(3, '0')}${String(ns).padStart(6, '0')}`.slice(0, digits);

/** Go's names of the parts of a time, longer ones before those they begin with. Times are in UTC. */
const PARTS: readonly (readonly [string, Part])[] = [
  ['January', monthName],
  ['Jan', (date) => monthName(date).slice(0, 3)],
  ['Monday', weekday],
  ['Mon', (date) => weekday(date).slice(0, 3)],
  ['MST', () => 'UTC'],
  ['2006', (date) => String(date.getUTCFullYear()).padStart(4, '0')],
  ['Z07:00:00', () => 'Z'],
  ['Z07:00', () => 'Z'],
  ['Z0700', () => 'Z'],
  ['Z07', () => 'Z'],
  ['-07:00:00', () => '+00:00:00'],
  ['-07:00', () => '+00:00'],
  ['-070000', () => '+000000'],
  ['-0700', () => '+0000'],
  ['-07', () => '+00'],
  ['_2', (date) => String(date.getUTCDate()).padStart(2)],
  ['01', (date) => two(date.getUTCMonth() + 1)],
  ['02', (date) => two(date.getUTCDate())],
  ['03', (date) => two(hour12(date))],
  ['04', (date) => two(date.getUTCMinutes())],
  ['05', (date) => two(date.getUTCSeconds())],
  ['06', (date) => two(date.getUTCFullYear() % 100)],
  ['15', (date) => two(date.getUTCHours())],
  ['1', (date) => String(date.getUTCMonth() + 1)],
  ['2', (date) => String(date.getUTCDate())],
  ['3', (date) => String(hour12(date))],
  ['4', (date) => String(date.getUTCMinutes())],
  ['5', (date) => String(date.getUTCSeconds())],
  ['PM', half],
  ['pm', (date) => half(date).toLowerCase()],
];

/** What a strptime directive is in Go's layouts. */
const DIRECTIVES: Readonly<Record<string, string>> = {
  Y: '2006',
  y: '06',
  m: '01',
  q: '1',
  b: 'Jan',
  h: 'Jan',
  B: 'January',
  d: '02',
  e: '_2',
  g: '2',
  a: 'Mon',
  A: 'Monday',
  H: '15',
  I: '03',
  l: '3',
  p: 'PM',
  P: 'pm',
  M: '04',
  S: '05',
  z: '-0700',
  Z: 'MST',
  i: '-07',
  j: '-07:00',
  k: '-07:00:00',
  w: '-070000',
  D: '01/02/2006',
  x: '01/02/2006',
  F: '2006-01-02',
  T: '15:04:05',
  X: '15:04:05',
  r: '03:04:05 pm',
  R: '15:04',
  c: 'Mon Jan 02 15:04:05 2006',
};
const OWN: Readonly<Record<string, Part>> = {
  o: (date) => String(date.getUTCMonth() + 1).padStart(2),
  L: fraction(3),
  f: fraction(6),
  s: fraction(9),
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
};
const GO_FRACTION = /^[.,](0+|9+)(?!\d)/;

/** Compiles a layout, strptime's when it has a `%`, else Go's. Throws RangeError. */
export function compileTimeFormat(layout: string): (time: Time) => string {
  if (layout === '') throw new RangeError('the layout names no part of a time');
  const parts = layout.includes('%') ? strptimeParts(layout) : goParts(layout);
  return (time) => {
    const date = new Date(time.ms);
    return parts.map((part) => (typeof part === 'string' ? part : part(date, time))).join('');
  };
}

function strptimeParts(layout: string): (Part | string)[] {
  return Array.from(layout.matchAll(/%(.?)|[^%]+/gs)).flatMap(([all, directive]) => {
    if (directive === undefined) return [all];
    const own = OWN[directive];
    if (own) return [own];
    const inGo = DIRECTIVES[directive];
    if (inGo === undefined) throw new RangeError(`"${all}" is no directive of a strptime layout, in "${layout}"`);
    return goParts(inGo);
  });
}

function goParts(layout: string): (Part | string)[] {
  const parts: (Part | string)[] = [];
  for (let at = 0; at < layout.length;) {
    const [all, digits = ''] = GO_FRACTION.exec(layout.slice(at)) ?? [];
    const named = PARTS.find(([name]) => layout.startsWith(name, at));
    if (all !== undefined) {
      parts.push(goFraction(all.charAt(0), digits));
      at += all.length;
    } else if (named) {
      parts.push(named[1]);
      at += named[0].length;
    } else parts.push(layout[at++] ?? '');
  }
  return parts;
}

/** Nines leave out zeros at the end, and the point when nothing is left. */
function goFraction(point: string, digits: string): Part {
  const write = fraction(digits.length);
  if (digits.startsWith('0')) return (date, time) => `${point}${write(date, time)}`;
  return (date, time) => {
    const left = write(date, time).replace(/0+$/, '');
    return left === '' ? '' : `${point}${left}`;
  };
}
