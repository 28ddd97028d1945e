import { createHash } from 'node:crypto';
import type { Template } from '#model';

/** A template as the miner knows it. */
export interface MinedTemplate extends Template {
  /** Ids that the same records had before their words were found to differ, oldest first. */
  readonly ancestors: readonly string[];
  /** Records seen with it, those of its ancestors included. */
  readonly count: number;
}

/** Finds the pattern behind each line, source by source. */
export class TemplateMiner {
  readonly #templates = new Map<string, MinedTemplate & { count: number }>();

  /** The template of `bytes[from, to)`, a line of that source (a file, a service). */
  learn(bytes: Uint8Array, from: number, to: number, source: string): MinedTemplate {
    const line = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
    const text = line.replace(/[^\s=:,;()[\]{}"']*[0-9][^\s=,;()[\]{}"']*/g, '<*>');
    let template = this.#templates.get(`${source}\n${text}`);
    if (!template) {
      const id = createHash('sha256').update(text).digest('hex').slice(0, 16);
      this.#templates.set(`${source}\n${text}`, (template = { id, text, ancestors: [], count: 0 }));
    }
    template.count++;
    return template;
  }

  /** All that has been learned, to be kept over a restart. */
  snapshot(): Uint8Array {
    return Buffer.from(JSON.stringify([...this.#templates]));
  }

  restore(snapshot: Uint8Array): void {
    const entries = JSON.parse(Buffer.from(snapshot).toString('utf8')) as [string, MinedTemplate][];
    for (const [key, template] of entries) this.#templates.set(key, template);
  }
}
