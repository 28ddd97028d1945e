import type { Agent } from './agent.ts';

export interface Scraped {
  /** The sum of the samples of this name that carry these labels; 0 when there is none. */
  sum(this: void, name: string, labels?: Readonly<Record<string, string>>): number;
}

const SAMPLE = /^([a-z_:]+)(?:\{(.*)\})? (\S+)$/i;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Reads an agent's metrics from the address it named when it started last; run it with `PROM_PORT=0`. */
export async function scrape(agent: Agent): Promise<Scraped> {
  const address = [...agent.output.matchAll(/http:\/\/[^\s"]+\/metrics/g)].at(-1)?.[0];
  if (address === undefined) throw new Error(`the agent has not said where its metrics are:\n${agent.output}`);
  const response = await fetch(address);
  return parseMetrics(await response.text());
}

function parseMetrics(text: string): Scraped {
  const samples = text.split('\n').flatMap((line) => {
    const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    const pairs = [...labels.matchAll(LABEL)].map(([, key = '', text_ = '']): [string, string] => [key, text_]);
    return name === '' ? [] : [{ name, labels: new Map(pairs), value: Number(value) }];
  });
  return {
    sum(name, labels = {}) {
      const wanted = Object.entries(labels);
      let sum = 0;
      for (const sample of samples) {
        if (sample.name === name && wanted.every(([key, value]) => sample.labels.get(key) === value)) sum += sample.value;
      }
      return sum;
    },
  };
}
