/** What one step of a layout reads. */
export const StepKind = {
  literal: 0,
  year4: 1,
  year2: 2,
  month: 3,
  monthLong: 4,
  monthShort: 5,
  day: 6,
  dayPadded: 7,
  weekdayLong: 8,
  weekdayShort: 9,
  hour24: 10,
  hour12: 11,
  minute: 12,
  second: 13,
  fraction: 14,
  amPm: 15,
  zone: 16,
  zoneName: 17,
  yearDay: 18,
} as const;
type StepKindNumber = (typeof StepKind)[keyof typeof StepKind];

export interface Step {
  readonly kind: StepKindNumber;
  /** The text of a literal. */
  readonly text?: string;
  /** Numbers with fewer digits are refused. */
  readonly isFixed?: boolean;
  /** Digits of a fraction that must be exactly so many. */
  readonly digits?: number;
  /** How an offset is written: `+0100`, `+01:00`, `+01`, with seconds; and whether `Z` may stand for it. */
  readonly zone?: { readonly hasColon: boolean; readonly parts: 1 | 2 | 3; readonly mayBeZ: boolean };
  readonly isLower?: boolean;
}

export interface Layout {
  readonly steps: readonly Step[];
  /** True when the layout ends in a literal Z: times without a zone are then UTC. */
  readonly endsInZ: boolean;
}

const zone = (hasColon: boolean, parts: 1 | 2 | 3, mayBeZ: boolean): Step => ({ kind: StepKind.zone, zone: { hasColon, parts, mayBeZ } });

/** Go's names of the parts of a time, longer ones before those they begin with. */
const GO: readonly (readonly [string, Step])[] = [
  ['January', { kind: StepKind.monthLong }],
  ['Jan', { kind: StepKind.monthShort }],
  ['Monday', { kind: StepKind.weekdayLong }],
  ['Mon', { kind: StepKind.weekdayShort }],
  ['MST', { kind: StepKind.zoneName }],
  ['2006', { kind: StepKind.year4 }],
  ['__2', { kind: StepKind.yearDay }],
  ['002', { kind: StepKind.yearDay, isFixed: true }],
  ['_2', { kind: StepKind.dayPadded }],
  ['01', { kind: StepKind.month, isFixed: true }],
  ['02', { kind: StepKind.day, isFixed: true }],
  ['03', { kind: StepKind.hour12, isFixed: true }],
  ['04', { kind: StepKind.minute, isFixed: true }],
  ['05', { kind: StepKind.second, isFixed: true }],
  ['06', { kind: StepKind.year2 }],
  ['15', { kind: StepKind.hour24 }],
  ['1', { kind: StepKind.month }],
  ['2', { kind: StepKind.day }],
  ['3', { kind: StepKind.hour12 }],
  ['4', { kind: StepKind.minute }],
  ['5', { kind: StepKind.second }],
  ['PM', { kind: StepKind.amPm }],
  ['pm', { kind: StepKind.amPm, isLower: true }],
  ['Z07:00:00', zone(true, 3, true)],
  ['Z070000', zone(false, 3, true)],
  ['Z07:00', zone(true, 2, true)],
  ['Z0700', zone(false, 2, true)],
  ['Z07', zone(false, 1, true)],
  ['-07:00:00', zone(true, 3, false)],
  ['-070000', zone(false, 3, false)],
  ['-07:00', zone(true, 2, false)],
  ['-0700', zone(false, 2, false)],
  ['-07', zone(false, 1, false)],
];

const GO_FRACTION = /^[.,](0+|9+)(?!\d)/;

/** Compiles a layout of Go's time package, such as `2006-01-02T15:04:05Z07:00`. Throws RangeError. */
export function parseGoLayout(text: string): Layout {
  const steps: Step[] = [];
  let at = 0;
  while (at < text.length) {
    const fraction = GO_FRACTION.exec(text.slice(at));
    const named = GO.find(([name]) => text.startsWith(name, at));
    if (fraction?.[1] !== undefined) {
      steps.push(fraction[1].startsWith('0') ? { kind: StepKind.fraction, digits: fraction[1].length } : { kind: StepKind.fraction });
      at += fraction[0].length;
    } else if (
      named &&
      !(named[0] === 'Jan' && /^[a-z]/.test(text.slice(at + 3))) &&
      !(named[0] === 'Mon' && /^[a-z]/.test(text.slice(at + 3)))
    ) {
      steps.push(named[1]);
      at += named[0].length;
    } else addLiteral(steps, text[at++] ?? '');
  }
  return finish(steps, text.endsWith('Z'));
}

/** The directives the Collector knows. `%s` is nanoseconds and `%j` an offset there, unlike in C. */
const DIRECTIVES: Readonly<Record<string, Step | string>> = {
  Y: { kind: StepKind.year4 },
  y: { kind: StepKind.year2 },
  m: { kind: StepKind.month, isFixed: true },
  o: { kind: StepKind.month },
  q: { kind: StepKind.month },
  b: { kind: StepKind.monthShort },
  h: { kind: StepKind.monthShort },
  B: { kind: StepKind.monthLong },
  d: { kind: StepKind.day, isFixed: true },
  e: { kind: StepKind.dayPadded },
  g: { kind: StepKind.day },
  a: { kind: StepKind.weekdayShort },
  A: { kind: StepKind.weekdayLong },
  H: { kind: StepKind.hour24 },
  l: { kind: StepKind.hour12 },
  I: { kind: StepKind.hour12, isFixed: true },
  p: { kind: StepKind.amPm },
  P: { kind: StepKind.amPm, isLower: true },
  M: { kind: StepKind.minute, isFixed: true },
  S: { kind: StepKind.second, isFixed: true },
  L: { kind: StepKind.fraction },
  f: { kind: StepKind.fraction },
  s: { kind: StepKind.fraction },
  Z: { kind: StepKind.zoneName },
  z: zone(false, 2, true),
  w: zone(false, 3, false),
  i: zone(false, 1, false),
  j: zone(true, 2, false),
  k: zone(true, 3, false),
  D: '%m/%d/%Y',
  x: '%m/%d/%Y',
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  r: '%I:%M:%S %P',
  R: '%H:%M',
  c: '%a %b %d %H:%M:%S %Y',
};
const CHARACTERS: Readonly<Record<string, string>> = { n: '\n', t: '\t', '%': '%' };

/** Compiles a strptime layout, such as `%Y-%m-%dT%H:%M:%S.%LZ`. Throws RangeError. */
export function parseStrptimeLayout(text: string): Layout {
  if (/\d/.test(text)) throw new RangeError(`a strptime layout has no digits, got "${text}"; for Go's layouts set layout_type: gotime`);
  const steps: Step[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character !== '%') {
      addLiteral(steps, character);
      continue;
    }
    const letter = text[++at] ?? '';
    const directive = DIRECTIVES[letter];
    const plain = CHARACTERS[letter];
    if (plain !== undefined) addLiteral(steps, plain);
    else if (typeof directive === 'string') steps.push(...parseStrptimeLayout(directive).steps);
    else if (directive) addDirective(steps, directive, letter);
    else throw new RangeError(`"%${letter}" is no directive of a strptime layout, in "${text}"`);
  }
  return finish(steps, text.endsWith('Z') && !text.endsWith('%Z'));
}

function addDirective(steps: Step[], directive: Step, letter: string): void {
  if (directive.kind === StepKind.fraction) {
    const before = steps.pop();
    const text = before?.kind === StepKind.literal ? (before.text ?? '') : '';
    if (!/[.,]$/.test(text)) throw new RangeError(`"%${letter}" reads a fraction of a second and must follow "." or ","`);
    // The point belongs to the fraction, which may be missing altogether.
    if (text.length > 1) steps.push({ kind: StepKind.literal, text: text.slice(0, -1) });
  }
  steps.push(directive);
}

function addLiteral(steps: Step[], character: string): void {
  const last = steps.at(-1);
  if (last?.kind !== StepKind.literal) steps.push({ kind: StepKind.literal, text: character });
  else steps[steps.length - 1] = { kind: StepKind.literal, text: last.text + character };
}

function finish(steps: readonly Step[], endsInZ: boolean): Layout {
  if (!steps.some(({ kind }) => kind !== StepKind.literal)) throw new RangeError('the layout names no part of a time');
  return { steps, endsInZ };
}
