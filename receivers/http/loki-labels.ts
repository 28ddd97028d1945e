import { HttpProblem } from '#net';
import { emptyLabels } from './loki-stream.ts';

const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_.]*)\s*=\s*("(?:[^"\\\n]|\\.)*"|`[^`]*`)\s*(,|\})/y;

/** The labels of a stream as it writes itself: `{app="web", env="prod"}`. */
export function parseLabels(text: string): Record<string, string> {
  const labels = emptyLabels();
  if (/^\s*\{\s*\}\s*$/.test(text)) return labels;
  const open = /^\s*\{/.exec(text);
  LABEL.lastIndex = open?.[0].length ?? 0;
  for (let match = open ? LABEL.exec(text) : null; match; match = LABEL.exec(text)) {
    const [, name = '', quoted = '', closing] = match;
    labels[name] = unquote(quoted);
    if (closing === '}' && text.slice(LABEL.lastIndex).trim() === '') return labels;
    if (closing === '}') break;
    // A comma before the bracket is no mistake.
    if (/^\s*\}\s*$/.test(text.slice(LABEL.lastIndex))) return labels;
  }
  throw new HttpProblem(400, `expected labels such as {app="web"}, got ${text.slice(0, 200)}`);
}

const SIMPLE: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\u0007', b: '\b', f: '\f', v: '\v' };

function unquote(quoted: string): string {
  const inner = quoted.slice(1, -1);
  if (quoted.startsWith('`')) return inner;
  return inner.replace(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([^]))/gi,
    (_all, byte?: string, four?: string, eight?: string, one?: string) => {
      const hex = byte ?? four ?? eight;
      if (hex === undefined) return SIMPLE[one ?? ''] ?? one ?? '';
      const point = Number.parseInt(hex, 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
    },
  );
}
