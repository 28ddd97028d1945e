import { keyOf, resourceAttributes, scopeNameAndVersion, toJson, type AttributeValue, type LogBatch, type Origin } from '#model';
import { attributesText, observedTimeText, severityOf, timeText } from './flat-json.ts';

type Piece = (batch: LogBatch, row: number) => string;

const TOKENS = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;
const LINE_ENDS = /[\r\n]/g;

const FIELDS: Readonly<Record<string, Piece>> = {
  time: timeText,
  observed_time: observedTimeText,
  severity: severityOf,
  severity_number: (batch, row) => String(batch.severity[row]),
  body: (batch, row) => batch.bodyText(row),
  event_name: (batch, row) => batch.eventName(row),
  trace_id: (batch, row) => batch.traceId(row),
  span_id: (batch, row) => batch.spanId(row),
  scope: (batch, row) => scopeNameAndVersion(batch.scopes[batch.scopeOf[row] as number] as Origin).name,
  attributes: (batch, row) => `{${attributesText(batch, row)}}`,
  resource: (batch, row) => toJson(attributesOfResource(batch, row)),
};

/** What a template says of one record, as a line. Throws when it names something that does not exist. */
export function compileTemplate(template: string, newlines: 'escape' | 'keep'): Piece {
  const pieces: Piece[] = [];
  let literal = '';
  let end = 0;
  const closeLiteral = (): void => {
    const text = literal;
    literal = '';
    if (text !== '') pieces.push(() => text);
  };
  for (const match of template.matchAll(TOKENS)) {
    literal += template.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[0] === '{{' || match[0] === '}}') literal += match[0].charAt(0);
    else if (match[1] === undefined) throw new Error(`a lone "${match[0]}" at character ${match.index + 1}; write it twice if it is meant`);
    else {
      const piece = pieceOf(match[1]);
      closeLiteral();
      pieces.push(newlines === 'keep' ? piece : (batch, row) => escapeLineEnds(piece(batch, row)));
    }
  }
  literal += `${template.slice(end)}\n`;
  closeLiteral();
  return (batch, row) => {
    let line = '';
    for (const piece of pieces) line += piece(batch, row);
    return line;
  };
}

function pieceOf(name: string): Piece {
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (field) return field;
  if (name.startsWith('attributes.')) {
    const key = keyOf(name.slice('attributes.'.length));
    return (batch, row) => valueText(batch.attribute(row, key));
  }
  if (name.startsWith('resource.')) {
    const key = name.slice('resource.'.length);
    return (batch, row) => valueText(attributesOfResource(batch, row)[key]);
  }
  const all = Object.keys(FIELDS).map((known) => `{${known}}`);
  throw new Error(`{${name}} does not exist; there are ${all.join(', ')}, {attributes.NAME} and {resource.NAME}`);
}

function valueText(value: AttributeValue | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : toJson(value);
}

const resources = new WeakMap<Origin, Record<string, AttributeValue>>();

function attributesOfResource(batch: LogBatch, row: number): Record<string, AttributeValue> {
  const resource = batch.resources[batch.resourceOf[row] as number] as Origin;
  let attributes = resources.get(resource);
  if (!attributes) {
    attributes = resourceAttributes(resource);
    resources.set(resource, attributes);
  }
  return attributes;
}

function escapeLineEnds(text: string): string {
  return text.replace(LINE_ENDS, (end) => (end === '\n' ? '\\n' : '\\r'));
}
