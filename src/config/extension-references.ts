import type { Declarations } from './components.ts';
import { joinPath, type Node, type ScalarNode } from './node.ts';
import type { Report } from './report.ts';
import type { ReadService } from './service.ts';

/** Options that name a storage extension, wherever a component has them. */
const STORAGE_OPTIONS: readonly (readonly string[])[] = [['storage'], ['sending_queue', 'storage']];
const LANES = ['receivers', 'processors', 'exporters'] as const;

/** A component that runs may only name extensions that run; without this check the mistake would show at start. */
export function checkExtensionReferences({ service }: ReadService, declarations: Declarations, report: Report): void {
  for (const lane of LANES) {
    const used = new Set(service.pipelines.flatMap((pipeline) => pipeline[lane]));
    for (const { id, node, path } of declarations[lane].values()) {
      if (!used.has(id)) continue;
      for (const option of STORAGE_OPTIONS) {
        const named = scalarAt(node, option);
        if (typeof named?.value !== 'string' || service.extensions.includes(named.value)) continue;
        report.error(named.at, option.reduce(joinPath, path), problemWith(named.value, declarations));
      }
    }
  }
}

function problemWith(named: string, { extensions }: Declarations): string {
  if (extensions.has(named)) return `extension "${named}" is defined but does not run; add it to service.extensions`;
  const defined = extensions.size === 0 ? 'none; add it under "extensions"' : [...extensions.keys()].toSorted().join(', ');
  return `extension "${named}" is not defined; defined: ${defined}`;
}

function scalarAt(node: Node, keys: readonly string[]): ScalarNode | undefined {
  let current: Node | undefined = node;
  for (const key of keys) current = current?.kind === 'map' ? current.entries.get(key)?.value : undefined;
  return current?.kind === 'scalar' ? current : undefined;
}
