import type { Host } from '#component';
import type { Found, Surroundings } from './surroundings.ts';

const STORED = 'service.instance.id';

/** What the environment says about the service, and an id of this instance that survives restarts. */
export async function detectService({ env }: Surroundings, host: Host, isWanted: (attribute: string) => boolean): Promise<Found> {
  return {
    'service.name': env['OTEL_SERVICE_NAME'] || undefined,
    'service.version': env['OTEL_SERVICE_VERSION'] || undefined,
    'service.namespace': env['OTEL_SERVICE_NAMESPACE'] || undefined,
    'service.instance.id': isWanted('service.instance.id') ? await instanceId(host) : undefined,
    'deployment.environment.name': env['OTEL_DEPLOYMENT_ENVIRONMENT_NAME'] || env['APP_ENV'] || undefined,
  };
}

async function instanceId({ storage, random }: Host): Promise<string> {
  const known = storage.get(STORED);
  if (known) return Buffer.from(known).toString('utf8');
  const id = randomUuid(random);
  const transaction = storage.begin();
  storage.put(transaction, STORED, id);
  await storage.commit(transaction);
  return id;
}

/** Version 4: 122 random bits. */
function randomUuid(random: () => number): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  digits[12] = '4';
  digits[16] = (8 + Math.floor(random() * 4)).toString(16);
  const text = digits.join('');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}
