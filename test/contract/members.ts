import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadTestdata } from './check-documents.ts';
import { neededBy, validate, type Subject } from './subject.ts';
import type { ProcessorMember } from './world.ts';

/** Configurations that do not do the same on every machine; these processors run as `NEEDED` in subject.ts has it. */
const NOT_HERE: ReadonlySet<string> = new Set(['memory_limiter']);

/** A processor under each of its names, and with each good configuration of its testdata. */
export async function membersOf(subject: Subject): Promise<ReadonlyMap<string, ProcessorMember>> {
  const { entry, factory, folder } = subject;
  if (factory.kind !== 'processor') return new Map();
  const members = new Map<string, ProcessorMember>();
  for (const name of [factory.type, ...(factory.aliases ?? [])]) {
    const { config, problems } = validate(factory, neededBy(entry, { directory: '', url: '', grpc: 'http://127.0.0.1:1', kafka: '' }));
    // It has passed the factory's own schema.
    if (problems.length === 0) members.set(`${name}, defaults`, { id: name, factory, config: config as never });
  }
  if (NOT_HERE.has(factory.type)) return members;
  const files = readdirSync(join(folder, 'testdata')).filter((file) => /^good.*\.ya?ml$/.test(file));
  for (const file of files) {
    const config = (await loadTestdata(subject, join(folder, 'testdata', file))).processors.get(factory.type)?.config;
    if (config) members.set(file, { id: factory.type, factory, config });
  }
  return members;
}
