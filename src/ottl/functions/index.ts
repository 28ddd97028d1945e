import type { FunctionDefinition } from '../call.ts';
import { COLLECTIONS } from './collections.ts';
import { CONVERSIONS } from './convert.ts';
import { MAP_EDITORS } from './editors.ts';
import { GENERATORS } from './generate.ts';
import { PARSERS } from './parse.ts';
import { replaceEditors } from './replace.ts';
import { TEXT_CONVERTERS } from './text.ts';
import { TIMES } from './time.ts';

/** Functions that give a value. */
export const CONVERTERS: ReadonlyMap<string, FunctionDefinition> = new Map(
  Object.entries({ ...TEXT_CONVERTERS, ...CONVERSIONS, ...COLLECTIONS, ...TIMES, ...PARSERS, ...GENERATORS }),
);

/** Functions that edit the record. */
export const EDITORS: ReadonlyMap<string, FunctionDefinition> = new Map(
  Object.entries({ ...MAP_EDITORS, ...replaceEditors(() => CONVERTERS) }),
);
