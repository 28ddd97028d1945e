/** Runs one stage and prints its measurement as JSON: `node one.ts NAME INPUT`. */
import type { Measurement } from './measurement.ts';

const [name = '', input = ''] = process.argv.slice(2);
const family = ['whole', 'pass', 'mine'].find((prefix) => name.startsWith(`${prefix}-`));
const module = (await import(`./stages/${family ?? name}.ts`)) as { run: (input: string, variant: string) => Promise<Measurement> };
console.log(JSON.stringify(await module.run(input, family === undefined ? name : name.slice(family.length + 1))));
