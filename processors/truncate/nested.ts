import { toJson, type AttributeValue } from '#model';
import type { Note } from './cut.ts';
import type { Limits } from './limits.ts';

type Values = { readonly [key: string]: AttributeValue };

/** What was cut inside a value. */
export interface NestedCuts {
  strings: number;
  arrays: number;
  maps: number;
  depths: number;
}

/** A value within the limits; the same object when it was within them already. */
export function limitValue(value: AttributeValue, limits: Limits, note: Note, cuts: NestedCuts, depth: number = 1): AttributeValue {
  if (typeof value === 'string') return limitText(value, limits, note, cuts);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (depth > limits.depthMax) {
    cuts.depths++;
    // What lies deeper stays as text, so that it can still be found.
    return cutText(toJson(value), limits.attributeMax, note);
  }
  return Array.isArray(value) ? limitArray(value, limits, note, cuts, depth) : limitValues(value as Values, limits, note, cuts, depth);
}

function limitText(text: string, limits: Limits, note: Note, cuts: NestedCuts): string {
  if (text.length * 3 <= limits.attributeMax || Buffer.byteLength(text) <= limits.attributeMax) return text;
  cuts.strings++;
  return cutText(text, limits.attributeMax, note);
}

function cutText(text: string, size: number, note: Note): string {
  const bytes = Buffer.from(text);
  return bytes.length <= size ? text : note.cut(bytes, 0, bytes.length, size).toString();
}

function limitArray(values: readonly AttributeValue[], limits: Limits, note: Note, cuts: NestedCuts, depth: number): AttributeValue {
  const isLong = values.length > limits.arrayMax;
  const kept = isLong ? values.slice(0, limits.arrayMax) : values;
  const limited = kept.map((element) => limitValue(element, limits, note, cuts, depth + 1));
  if (!isLong) return limited.some((element, i) => element !== kept[i]) ? limited : values;
  cuts.arrays++;
  return [...limited, `... ${values.length - kept.length} of ${values.length} elements left out`];
}

function limitValues(values: Values, limits: Limits, note: Note, cuts: NestedCuts, depth: number): AttributeValue {
  const all = Object.entries(values);
  const isLong = all.length > limits.attributesMax;
  const kept = isLong ? all.slice(0, limits.attributesMax) : all;
  let isChanged = isLong;
  const entries = kept.map(([key, value]): [string, AttributeValue] => {
    const limited = limitValue(value, limits, note, cuts, depth + 1);
    if (limited !== value) isChanged = true;
    return [key, limited];
  });
  if (isLong) {
    cuts.maps++;
    entries.push(['...', `${all.length - kept.length} of ${all.length} entries left out`]);
  }
  return isChanged ? Object.fromEntries(entries) : values;
}
