import type { Buffer } from 'node:buffer';
import type * as Crypto from 'node:crypto';

/** Asked for when there is a secret to look at: loading it takes 4 MB, and every exporter loads this folder. */
const crypto = (): typeof Crypto => process.getBuiltinModule('node:crypto');

/**
 * Secrets one of which a stranger has to know. Looking takes the same time whichever of them it is, and however much of
 * one was guessed: digests are compared, all of them, to the end.
 */
export class KnownSecrets {
  readonly #digests: readonly Buffer[];

  constructor(secrets: readonly string[]) {
    this.#digests = secrets.map(digestOf);
  }

  has(given: string): boolean {
    const digest = digestOf(given);
    let isKnown = false;
    for (const known of this.#digests) isKnown = crypto().timingSafeEqual(known, digest) || isKnown;
    return isKnown;
  }
}

function digestOf(text: string): Buffer {
  return crypto().hash('sha256', text, 'buffer');
}
