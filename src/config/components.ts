import type { Factory, Kind } from '#component';
import { insteadOf } from './collector-types.ts';
import type { ComponentConfig } from './config.ts';
import { isNull, joinPath, nearest, splitPath, type MapNode, type Node } from './node.ts';
import { positionOf, type Place } from './place.ts';
import { findEntry, typeNames, type Registry, type RegistryEntry } from './registry-entry.ts';
import type { Report } from './report.ts';
import { hint } from './suggest.ts';
import type { Validator } from './validate.ts';

export const SECTIONS = {
  receivers: 'receiver',
  processors: 'processor',
  exporters: 'exporter',
  connectors: 'connector',
  extensions: 'extension',
} as const;
export type Section = keyof typeof SECTIONS;

/** A component as written, before its factory is loaded. */
export interface Declared {
  readonly id: string;
  readonly section: Section;
  readonly writtenType: string;
  readonly name: string;
  readonly keyAt: Place;
  readonly node: Node;
  readonly path: string;
  readonly entry: RegistryEntry | undefined;
}

export type Declarations = Readonly<Record<Section, ReadonlyMap<string, Declared>>>;

const ID = /^([A-Za-z][A-Za-z0-9_]*)(?:\/([^\s/][^\s]*))?$/;
const ID_LENGTH_MAX = 1024;

/** The components of one section. Ids that cannot be one are reported, unknown types are left to the caller. */
export function readSection(root: MapNode, section: Section, registry: Registry, report: Report): Map<string, Declared> {
  const declared = new Map<string, Declared>();
  const node = root.entries.get(section)?.value;
  if (!node || isNull(node)) return declared;
  if (node.kind !== 'map') {
    report.error(
      node.at,
      section,
      `expected a map of ${section} by id, got ${node.kind === 'list' ? 'a list; write "id:" instead of "- id"' : 'text'}`,
    );
    return declared;
  }
  for (const [id, { keyAt, value }] of node.entries) {
    const [, writtenType, name = ''] = ID.exec(id) ?? [];
    if (writtenType === undefined || id.length > ID_LENGTH_MAX) {
      report.error(keyAt, section, `expected an id such as "type" or "type/name", got ${JSON.stringify(id.slice(0, 60))}`);
      continue;
    }
    const entry = findEntry(registry, SECTIONS[section], writtenType);
    declared.set(id, { id, section, writtenType, name, keyAt, node: value, path: joinPath(section, id), entry });
  }
  return declared;
}

export function describeUnknown({ section, writtenType }: Declared, registry: Registry): string {
  const kind: Kind = SECTIONS[section];
  const article = /^[aeiou]/.test(kind) ? 'an' : 'a';
  const instead = insteadOf(kind, writtenType);
  if (instead !== undefined) return `"${writtenType}" is not ${article} ${kind} type here; ${instead}`;
  for (const [other, otherKind] of Object.entries(SECTIONS)) {
    if (otherKind !== kind && findEntry(registry, otherKind, writtenType))
      return `"${writtenType}" is no ${kind} type; it belongs under "${other}"`;
  }
  return `"${writtenType}" is not ${article} ${kind} type${hint(writtenType, typeNames(registry, kind), `${kind} types`)}`;
}

/** Checks one component against its schema and its own check. Undefined when it cannot be used. */
export function checkComponent(declared: Declared, factory: Factory, validator: Validator): ComponentConfig | undefined {
  const { id, writtenType, name, keyAt, node, path } = declared;
  const { report } = validator;
  const before = report.errorCount;
  const config = validator.check(factory.schema, node, path, keyAt);
  if (report.errorCount > before) return undefined;

  // The value has just passed the factory's own schema, which is what `never` stands for here.
  const own = config as never;
  for (const problem of factory.check?.(own) ?? []) {
    const at = locate(declared, problem.path);
    report.error(at.place, at.path, problem.message);
  }
  if (report.errorCount > before) return undefined;
  return { id, type: factory.type, writtenType, name, factory, config: own, position: positionOf(keyAt) };
}

/** Where an option of a component is, by the path that the component itself gives. */
export function locate({ node, keyAt, path }: Declared, inner: string): { readonly place: Place; readonly path: string } {
  const keys = splitPath(inner);
  const full = keys.reduce((outer, key) => joinPath(outer, /^\d+$/.test(key) ? Number(key) : key), path);
  return { place: nearest(node, keyAt, keys), path: full };
}
