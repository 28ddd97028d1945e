import { createHash } from 'node:crypto';
import type { Template } from '#model';
import type { Cluster } from './cluster.ts';
import { decodeLatin1 } from './latin1.ts';

/** A template as the miner knows it. */
export interface MinedTemplate extends Template {
  /** Ids that the same records had before their words were found to differ, oldest first. */
  readonly ancestors: readonly string[];
}

const ID_DIGITS = 16;
/** More names than that nobody looks up. */
const ANCESTORS_MAX = 16;

/** The id of a text: the same on every host. */
function templateId(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, ID_DIGITS);
}

/** One object for each text in use, so that templates can be compared by identity. */
export class TemplateSet {
  readonly #byText = new Map<string, { template: MinedTemplate; users: number }>();

  /** Makes the text of a cluster and notes its template there. */
  describe(cluster: Cluster): MinedTemplate {
    return (cluster.template = this.take(decodeLatin1(cluster.text()), cluster.ancestors));
  }

  /** The text of a cluster is no longer right: its template becomes an ancestor of the next. */
  forget(cluster: Cluster): void {
    const { template } = cluster;
    if (!template) return;
    cluster.template = undefined;
    cluster.ancestors = ancestorsOf('', [...template.ancestors, template.id]);
    this.release(template);
  }

  /** The template of this text; give it back with `release`. */
  take(text: string, ancestors: readonly string[]): MinedTemplate {
    let entry = this.#byText.get(text);
    if (!entry) {
      const id = templateId(text);
      this.#byText.set(text, (entry = { template: { id, text, ancestors: ancestorsOf(id, ancestors) }, users: 0 }));
    }
    entry.users++;
    return entry.template;
  }

  release(template: MinedTemplate): void {
    const entry = this.#byText.get(template.text);
    if (entry && --entry.users === 0) this.#byText.delete(template.text);
  }
}

/** The first name a template had tells it from others for good; of the rest the last are kept. */
function ancestorsOf(id: string, names: readonly string[]): readonly string[] {
  const others = [...new Set(names)].filter((name) => name !== id);
  return others.length <= ANCESTORS_MAX ? others : [others[0] as string, ...others.slice(1 - ANCESTORS_MAX)];
}
