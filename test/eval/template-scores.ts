/** How well predicted templates fit labelled lines, by the four measures of the literature on log parsing. */
export interface Scores {
  /** Lines whose group is, line for line, a labelled group. */
  readonly GA: number;
  /** F1 of groups: found ones among predicted and among labelled. */
  readonly FGA: number;
  /** Lines whose template has the labelled text. */
  readonly PA: number;
  /** F1 of templates: a template is right when all its lines have one label, with the same text. */
  readonly FTA: number;
}

export interface Prediction {
  readonly id: string;
  readonly template: string;
}

export function score(predicted: readonly Prediction[], labels: readonly string[]): Scores {
  const groups = groupBy(predicted.map(({ id }) => id));
  const labelled = groupBy(labels);
  let rightLines = 0;
  let rightGroups = 0;
  for (const lines of groups.values()) {
    const label = labels[lines[0] ?? 0] ?? '';
    if (lines.length !== labelled.get(label)?.length || !lines.every((line) => labels[line] === label)) continue;
    rightLines += lines.length;
    rightGroups++;
  }
  const texts = predicted.map(({ template }) => normalise(template));
  const wanted = labels.map(normalise);
  const byText = groupBy(texts);
  let rightTexts = 0;
  for (const [text, lines] of byText) if (lines.every((line) => wanted[line] === text)) rightTexts++;
  return {
    GA: rightLines / labels.length,
    FGA: f1(rightGroups / groups.size, rightGroups / labelled.size),
    PA: texts.filter((text, line) => text === wanted[line]).length / labels.length,
    FTA: f1(rightTexts / byText.size, rightTexts / new Set(wanted).size),
  };
}

function f1(precision: number, recall: number): number {
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

function groupBy(keys: readonly string[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const [line, key] of keys.entries()) {
    const group = groups.get(key);
    if (group) group.push(line);
    else groups.set(key, [line]);
  }
  return groups;
}

/**
 * The conventions of the labels, applied to both sides: a word with a variable in it is a variable, and so are plain
 * numbers, booleans and absolute paths; variables that only punctuation joins are one.
 */
export function normalise(template: string): string {
  const words = template
    .replace(/<:?[A-Z0-9_*]+:?>/g, '<*>')
    .trim()
    .split(/\s+/)
    .map((word) =>
      /^\/\S+$/.test(word)
        ? '<*>'
        : word
            .split(/([|'"=,;:(){}[\]!])/)
            .map(normalisePart)
            .join(''),
    );
  let text = words.join(' ');
  for (let before = ''; before !== text;) {
    before = text;
    text = text.replace(/<\*>(?:[:.,/#@_-]?<\*>)+/g, '<*>');
  }
  return text;
}

function normalisePart(part: string): string {
  return part.includes('<*>') || /^[+-]?\d+(?:\.\d+)?$/.test(part) || /^(?:true|false)$/i.test(part) ? '<*>' : part;
}
