import type { Node } from '../operators/regex/syntax.ts';

// More alternatives cost more searches than the regex they save.
const ALTERNATIVES_MAX = 8;
const LENGTH_MAX = 64;

/** Texts of which every match holds at least one; undefined when nothing of use can be said. */
export function requiredTexts(tree: Node): readonly string[] | undefined {
  const best = bestOf(tree);
  return best && best.every(isUseful) ? best : undefined;
}

/** Bytes that are no UTF-8 are decoded to U+FFFD, so a text with that one says nothing about bytes; nor does half a pair. */
function isUseful(text: string): boolean {
  return text.length > 1 && text.isWellFormed() && !text.includes('\ufffd');
}

/** All the texts that a node matches, when those are few; undefined otherwise. */
function textsOf(node: Node): readonly string[] | undefined {
  switch (node.kind) {
    case 'chars': {
      const [from = 0, to = Infinity] = node.set;
      if (node.set.length !== 2 || to - from >= 2) return undefined;
      return from === to ? [String.fromCodePoint(from)] : [String.fromCodePoint(from), String.fromCodePoint(to)];
    }
    case 'assert':
      return [''];
    case 'group':
      return textsOf(node.body);
    case 'sequence':
      return node.parts.reduce<readonly string[] | undefined>((before, part) => joined(before, textsOf(part)), ['']);
    case 'choice': {
      const all = node.parts.map(textsOf);
      const known = all.filter((texts) => texts !== undefined).flat();
      return all.includes(undefined) || known.length > ALTERNATIVES_MAX ? undefined : known;
    }
    case 'repeat':
      return node.min === 1 && node.max === 1 ? textsOf(node.body) : undefined;
  }
}

function joined(before: readonly string[] | undefined, after: readonly string[] | undefined): readonly string[] | undefined {
  if (!before || !after || before.length * after.length > ALTERNATIVES_MAX) return undefined;
  const all = before.flatMap((head) => after.map((tail) => head + tail));
  return all.some((text) => text.length > LENGTH_MAX) ? undefined : all;
}

/** The best texts of which a match of the node must hold one: those whose shortest is the longest. */
function bestOf(node: Node): readonly string[] | undefined {
  switch (node.kind) {
    case 'chars':
      return textsOf(node);
    case 'assert':
      return undefined;
    case 'group':
      return bestOf(node.body);
    case 'repeat':
      return node.min > 0 ? bestOf(node.body) : undefined;
    case 'choice': {
      const all = node.parts.map(bestOf);
      const known = all.filter((texts) => texts !== undefined).flat();
      return all.includes(undefined) || known.length > ALTERNATIVES_MAX ? undefined : known;
    }
    case 'sequence':
      return bestOfSequence(node.parts);
  }
}

/** Runs of parts whose texts are known become longer texts. */
function bestOfSequence(parts: readonly Node[]): readonly string[] | undefined {
  let best: readonly string[] | undefined;
  let run: readonly string[] = [''];
  for (const part of parts) {
    const longer = joined(run, textsOf(part));
    if (longer) run = longer;
    else {
      best = better(better(best, run), bestOf(part));
      run = textsOf(part) ?? [''];
    }
  }
  return better(best, run);
}

function better(one: readonly string[] | undefined, other: readonly string[] | undefined): readonly string[] | undefined {
  if (!one || !other) return one ?? other;
  return shortest(other) > shortest(one) ? other : one;
}

function shortest(texts: readonly string[]): number {
  return Math.min(...texts.map(({ length }) => length));
}
