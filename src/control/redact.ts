const MASK = '[REDACTED]';

const SECRET_NAME =
  /authorization|passw(?:or)?d|pwd|passphrase|secret|token|api[_.-]?key|private[_.-]?key|credential|cookie|session[_.-]?key/i;

/** Each finds one kind of secret in text; the first group, when there is one, stays. */
const PATTERNS: readonly RegExp[] = [
  /([a-z][a-z0-9+.-]{0,20}:\/\/)[^/\s@"']{1,400}@/gi,
  /\b((?:Bearer|Basic|ApiKey|Api-Token|Token)\s+)[A-Za-z0-9._~+/=-]{6,}/gi,
  /((?:passw(?:or)?d|pwd|passphrase|secret|token|api[_.-]?key|access[_.-]?key|credential|cookie)["']?\s{0,3}[=:]\s{0,3}["']?)(?!\[REDACTED\])[^\s"'&,;}\]]+/gi,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g,
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\b(?:ghp|gho|ghs|ghu|ghr|glpat|xox[abprs]|sk|pk|rk)[_-][A-Za-z0-9_-]{16,}/g,
];

/** Takes what looks like a secret out of text. It is for what people look at; what is sent on is the redact processor's. */
function redactText(text: string): string {
  let redacted = text;
  for (const pattern of PATTERNS)
    redacted = redacted.replace(pattern, (_match, kept: unknown) => `${typeof kept === 'string' ? kept : ''}${MASK}`);
  return redacted;
}

/** The same value without secrets: texts by pattern, values as a whole where their key names a secret. */
export function redactValue(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redactValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, SECRET_NAME.test(key) ? MASK : redactValue(inner)]));
}
