import { textIn, type Found, type Surroundings } from './surroundings.ts';

/** Asks the daemon about the host it runs on. Rejects when it does not answer. */
export async function detectDocker(at: Surroundings, endpoint: string): Promise<Found> {
  const info: unknown = JSON.parse(await at.ask(endpoint.replace(/^unix:\/\//, ''), '/info'));
  if (typeof info !== 'object' || info === null) throw new RangeError(`${endpoint}/info: expected an object, got ${JSON.stringify(info)}`);
  return { 'host.name': textIn(info, 'Name'), 'os.type': textIn(info, 'OSType') };
}
