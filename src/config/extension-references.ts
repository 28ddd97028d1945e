import type { Declarations } from './components.ts';
import { joinPath, type Node, type ScalarNode } from './node.ts';
import type { Report } from './report.ts';
import type { ReadService } from './service.ts';
import { suggest } from './suggest.ts';

/** Options that name a storage extension, wherever a component has them. */
const STORAGE_OPTIONS: readonly (readonly string[])[] = [['storage'], ['sending_queue', 'storage']];
const AUTHENTICATOR = ['auth', 'authenticator'] as const;
const LANES = ['receivers', 'processors', 'exporters'] as const;

/** A component that runs may only name extensions that run; without this check the mistake would show at start. */
export function checkExtensionReferences({ service }: ReadService, declarations: Declarations, report: Report): void {
  for (const lane of LANES) {
    const used = new Set(service.pipelines.flatMap((pipeline) => pipeline[lane]));
    for (const { id, node, path } of declarations[lane].values()) {
      if (!used.has(id)) continue;
      for (const [named, option] of [...storagesOf(node, path), ...authenticatorsOf(node, path)]) {
        if (typeof named.value !== 'string' || named.isBroken === true || service.extensions.includes(named.value)) continue;
        report.error(named.at, option, problemWith(named.value, declarations));
      }
    }
  }
}

function problemWith(named: string, { extensions }: Declarations): string {
  if (extensions.has(named)) return `extension "${named}" is defined but does not run; add it to service.extensions`;
  const near = suggest(named, extensions.keys());
  if (near !== undefined) return `extension "${named}" is not defined; did you mean "${near}"?`;
  const defined = extensions.size === 0 ? 'none; add it under "extensions"' : [...extensions.keys()].toSorted().join(', ');
  return `extension "${named}" is not defined; defined: ${defined}`;
}

type Named = readonly [scalar: ScalarNode, path: string];

function storagesOf(node: Node, path: string): Named[] {
  return STORAGE_OPTIONS.flatMap((option) => {
    const named = scalarAt(node, option);
    return named ? [[named, option.reduce(joinPath, path)] as const] : [];
  });
}

/** Every `auth: { authenticator: … }`: a component may have one for each of its protocols. */
function authenticatorsOf(node: Node, path: string): Named[] {
  if (node.kind !== 'map') return [];
  const found = Array.from(node.entries, ([key, { value }]) => authenticatorsOf(value, joinPath(path, key))).flat();
  const named = scalarAt(node, AUTHENTICATOR);
  return named ? [...found, [named, AUTHENTICATOR.reduce(joinPath, path)]] : found;
}

function scalarAt(node: Node, keys: readonly string[]): ScalarNode | undefined {
  let current: Node | undefined = node;
  for (const key of keys) current = current?.kind === 'map' ? current.entries.get(key)?.value : undefined;
  return current?.kind === 'scalar' ? current : undefined;
}
