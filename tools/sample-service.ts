import { appendFileSync } from 'node:fs';

const ROUTES = ['/checkout', '/search', '/login', '/api/items', '/healthz'];
const FAILURES = ['payment gateway answered 502', 'connection to inventory timed out after 3000 ms', 'session store is full'];

export interface SampleOptions {
  readonly path: string;
  readonly linesPerSecond: number;
}

/** A service as one meets them: JSON lines, mostly requests, now and then a warning or an error with a stack. */
export function startSampleService({ path, linesPerSecond }: SampleOptions): { stop(): void } {
  const intervalMs = 250;
  let request = 0;
  const timer = setInterval(() => {
    let lines = '';
    for (let i = 0; i < (linesPerSecond * intervalMs) / 1000; i++) lines += `${JSON.stringify(sampleRecord(request++))}\n`;
    appendFileSync(path, lines);
  }, intervalMs);
  return { stop: () => clearInterval(timer) };
}

function sampleRecord(request: number): Record<string, unknown> {
  const route = ROUTES[request % ROUTES.length] ?? '/';
  const durationMs = Math.round(5 + Math.random() ** 4 * 900);
  const base = { ts: new Date().toISOString(), logger: 'shop.web', request_id: `r-${request}`, route, duration_ms: durationMs };
  if (request % 97 === 96) {
    const reason = FAILURES[Math.floor(Math.random() * FAILURES.length)] ?? '';
    return {
      ...base,
      level: 'error',
      message: `request failed: ${reason}`,
      status: 502,
      stack: `Error: ${reason}\n    at handle (${route}.js:42:7)`,
    };
  }
  if (durationMs > 500) return { ...base, level: 'warn', message: `slow request took ${durationMs} ms`, status: 200 };
  return { ...base, level: 'info', message: `served ${route} in ${durationMs} ms`, status: 200 };
}
