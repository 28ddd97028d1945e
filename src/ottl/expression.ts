import type { LogBatch } from '#model';
import type { Environment } from './environment.ts';
import { OttlMistake } from './problem.ts';
import type { MapTarget } from './map-target.ts';
import type { TextLocator } from './text-locator.ts';
import type { Value, ValueMap } from './value.ts';

/** A value of one row. Throws OttlProblem. */
export type Evaluate = (batch: LogBatch, row: number) => Value;
export type Test = (batch: LogBatch, row: number) => boolean;

/** A compiled value. */
export interface Expression {
  readonly evaluate: Evaluate;
  /** The value itself when it is the same for all rows. */
  readonly constant?: Value;
  readonly isConstant?: boolean;
  readonly path?: Path;
  /** The items when it is a list as written. */
  readonly items?: readonly Expression[];
  /** The text when it is that text parsed as JSON, for who can do that straight into the columns. */
  readonly jsonText?: TextLocator;
  /** The name when it is a function as an argument. */
  readonly functionName?: string;
}

/** A place in a record. */
export interface Path {
  readonly text: string;
  readonly get: Evaluate;
  /** Undefined for what cannot be set. */
  readonly set?: (batch: LogBatch, row: number, value: Value) => void;
  /** For editors of maps. */
  readonly map?: MapTarget;
  /** Finds the text of the place as bytes, for what can be answered without a string. */
  readonly locator?: () => TextLocator;
  /** The name of the attribute when it is one of the record's own, itself and not something inside it. */
  readonly attribute?: string;
  /** The name of the field when it has nothing inside. */
  readonly field?: string;
}

/** The keys behind a path or a function, as in `["a"][0]`. */
export type Steps = readonly Expression[];

/** Makes the path of a field; `steps` are the keys behind it. */
export type FieldMaker = (text: string, steps: Steps, compilation: Compilation) => Path;
export type Fields = ReadonlyMap<string, FieldMaker>;

export type ContextName = 'log' | 'scope' | 'resource';

/** What the parts of one expression share while it is compiled. */
export class Compilation {
  readonly source: string;
  readonly context: ContextName;
  readonly environment: Environment;
  /** Values put aside by the statements that ran on the row before. */
  readonly cache: Cache;
  /** True when equal records may give different values. */
  isVolatile = false;

  constructor(source: string, context: ContextName, environment: Environment, cache: Cache) {
    this.source = source;
    this.context = context;
    this.environment = environment;
    this.cache = cache;
  }

  fail(at: number, message: string): never {
    throw new OttlMistake(this.source, at, message);
  }
}

/** The `cache` of a list of statements. */
export interface Cache {
  values: ValueMap;
}
