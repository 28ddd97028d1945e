import { parseSize } from '#component';
import { keyOf, type Key } from '#model';
import type { FieldConfig, LimitsConfig, TruncateConfig } from './config.ts';

/** Limits as the processor uses them: what is not limited is limited by Infinity. */
export interface Limits {
  readonly bodyMax: number;
  readonly attributeMax: number;
  readonly attributesMax: number;
  readonly arrayMax: number;
  readonly depthMax: number;
  readonly stackHead: number;
  readonly stackTail: number;
  readonly recordMax: number;
  /** Texts below this length are not looked at as stack traces. */
  readonly stackBytesMin: number;
  /** Encoded values below this length have nothing in them beyond the limits. */
  readonly nestedBytesMin: number;
}

/** What is shorter than this for each line it may have is not worth looking through. */
const STACK_LINE_BYTES = 12;
/** Least bytes of an element of a list, of an entry of a map, and of a level of depth. */
const ELEMENT_BYTES = 2;
const ENTRY_BYTES = 6;
const LEVEL_BYTES = 4;

function toLimits(config: LimitsConfig): Limits {
  const bounded = (value: number | string): number => {
    const size = parseSize(value);
    return size === 0 ? Infinity : size;
  };
  const arrayMax = bounded(config.array_max);
  const attributesMax = bounded(config.attributes_max);
  const depthMax = bounded(config.depth_max);
  const lines = config.stack_head + config.stack_tail;
  return {
    bodyMax: bounded(config.body_max),
    attributeMax: bounded(config.attribute_max),
    attributesMax,
    arrayMax,
    depthMax,
    stackHead: config.stack_head,
    stackTail: config.stack_tail,
    recordMax: bounded(config.record_max),
    stackBytesMin: lines === 0 ? Infinity : lines * STACK_LINE_BYTES,
    nestedBytesMin: Math.min(arrayMax * ELEMENT_BYTES, attributesMax * ENTRY_BYTES, depthMax * LEVEL_BYTES, bounded(config.attribute_max)),
  };
}

/** The limits of each severity, 0 to 24; the entry with the greatest `min_severity` that is reached counts. */
export function limitsBySeverity(config: TruncateConfig): readonly Limits[] {
  const general = toLimits(config);
  const exceptions = config.severities
    .map((exception) => ({ from: parseSeverity(exception.min_severity) ?? 0, limits: toLimits({ ...config, ...exception }) }))
    .toSorted((a, b) => b.from - a.from);
  return Array.from({ length: 25 }, (_, severity) => exceptions.find(({ from }) => severity >= from)?.limits ?? general);
}

const NAMES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/** SeverityNumber of a name such as `ERROR` or of a number; undefined for anything else. */
export function parseSeverity(value: number | string): number | undefined {
  if (typeof value === 'number') return value >= 1 && value <= 24 ? value : undefined;
  const [, name = '', step = '1'] = /^([A-Z]+)([2-4])?$/.exec(value.toUpperCase()) ?? [];
  const index = NAMES.indexOf(name);
  return index < 0 ? undefined : index * 4 + Number(step);
}

/**
 * The logs of an LLM operating system: answers and results are kept as summaries of 500 characters, and the parameters
 * of a call are cut when they are large.
 */
const LLM_OS: readonly FieldConfig[] = [
  {
    attributes: [
      'response',
      'response_summary',
      'result',
      'result_summary',
      'gen_ai.output.messages',
      'gen_ai.completion',
      'gen_ai.tool.call.result',
    ],
    max_chars: 500,
  },
  { attributes: ['parameters', 'params', 'gen_ai.tool.call.arguments'], max_chars: 1000 },
];

/** Characters that an attribute of this name may have, by key. */
export function fieldLimits({ fields, preset }: TruncateConfig): ReadonlyMap<Key, number> {
  const all = [...(preset === 'llm_os' ? LLM_OS : []), ...fields];
  return new Map(all.flatMap(({ attributes, max_chars: max }) => attributes.map((name) => [keyOf(name), max] as const)));
}
