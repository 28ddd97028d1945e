/** Runs one stage and prints its measurement as JSON: `node one.ts NAME INPUT`. */
import type { Measurement } from './measurement.ts';

const [name = '', input = ''] = process.argv.slice(2);
const whole = name.startsWith('whole-');
const module = (await import(`./stages/${whole ? 'whole' : name}.ts`)) as { run: (input: string, variant: string) => Promise<Measurement> };
console.log(JSON.stringify(await module.run(input, name.replace('whole-', ''))));
