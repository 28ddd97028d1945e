import { createHash } from 'node:crypto';
import type { Template } from '#model';

/** A template as the miner knows it. */
export interface MinedTemplate extends Template {
  /** Ids that the same records had before their words were found to differ, oldest first. */
  readonly ancestors: readonly string[];
}

const ID_DIGITS = 16;
/** More names than that nobody looks up. */
const ANCESTORS_MAX = 16;

/** The id of a text: the same on every host. */
export function templateId(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, ID_DIGITS);
}

/** One object for each text in use, so that templates can be compared by identity. */
export class TemplateSet {
  readonly #byText = new Map<string, { template: MinedTemplate; users: number }>();

  get size(): number {
    return this.#byText.size;
  }

  /** The template of this text; give it back with `release`. */
  take(text: string, ancestors: readonly string[]): MinedTemplate {
    let entry = this.#byText.get(text);
    if (!entry) {
      const id = templateId(text);
      const others = ancestors.filter((ancestor) => ancestor !== id).slice(-ANCESTORS_MAX);
      this.#byText.set(text, (entry = { template: { id, text, ancestors: others }, users: 0 }));
    }
    entry.users++;
    return entry.template;
  }

  release(template: MinedTemplate): void {
    const entry = this.#byText.get(template.text);
    if (entry && --entry.users === 0) this.#byText.delete(template.text);
  }
}
