import type { FunctionDefinition } from '../call.ts';
import { TEXT_CONVERTERS } from './text.ts';
import { SET } from './set.ts';

/** Functions that give a value. */
export const CONVERTERS: ReadonlyMap<string, FunctionDefinition> = new Map(Object.entries({ ...TEXT_CONVERTERS }));

/** Functions that edit the record. */
export const EDITORS: ReadonlyMap<string, FunctionDefinition> = new Map(Object.entries({ ...SET }));
