import type { Factory, Kind } from '#component';
import type { Signal } from '#model';

/**
 * What is known of a component before its code is loaded. The code of components that a configuration does not name
 * stays on disk, which keeps start and memory small.
 */
export interface RegistryEntry {
  readonly kind: Kind;
  readonly type: string;
  readonly aliases: readonly string[];
  /** As in the factory. */
  readonly signals?: readonly Signal[] | undefined;
  load(): Promise<Factory>;
}

export type Registry = readonly RegistryEntry[];

export function findEntry(registry: Registry, kind: Kind, writtenType: string): RegistryEntry | undefined {
  return registry.find((entry) => entry.kind === kind && (entry.type === writtenType || entry.aliases.includes(writtenType)));
}

/** All names under which components of this kind can be asked for, canonical ones first. */
export function typeNames(registry: Registry, kind: Kind): string[] {
  const own = registry.filter((entry) => entry.kind === kind);
  return [...own.map(({ type }) => type), ...own.flatMap(({ aliases }) => aliases)];
}
