const URL_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi;
const AUTHORIZATION = /\b(Bearer|Basic|ApiKey|Api-Token|Token)\s+[A-Za-z0-9._~+/=-]{6,}/gi;
const SECRET_NAME = /authorization|password|passwd|secret|token|api[_-]?key|credential|cookie/i;
const MASK = '[REDACTED]';

/** Takes credentials out of text that goes to the agent's own log: in URLs, and behind an authorization scheme. */
export function redactText(text: string): string {
  if (!text.includes('@') && !text.includes(' ')) return text;
  return text.replace(URL_CREDENTIALS, `$1${MASK}@`).replace(AUTHORIZATION, `$1 ${MASK}`);
}

/** True when a fact of this name is a secret as a whole. */
function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

export function redactFact(name: string, value: string | number | boolean): string | number | boolean {
  if (typeof value !== 'string') return value;
  return isSecretName(name) ? MASK : redactText(value);
}
