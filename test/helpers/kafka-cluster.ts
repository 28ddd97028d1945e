import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import type { Certificates } from './certificates.ts';

const LIBRARIES = resolve(import.meta.dirname, '../../node_modules/.cache/kafka');
const GIVEN = process.env['KAFKA_BROKERS'];
const hasJava = spawnSync('java', ['-version'], { stdio: 'ignore' }).status === 0;

/** True when there is a real broker to test with: one that KAFKA_BROKERS names, or one that can be started here. */
export const hasKafka: boolean = GIVEN !== undefined || (hasJava && existsSync(LIBRARIES));

// A test that is left out must be seen to be left out.
if (!hasKafka) {
  process.stderr.write(
    'SKIPPED: there is no Kafka. Name one by KAFKA_BROKERS, or have one: apt-get install default-jre-headless maven && ' +
      'mvn -f test/fixtures/kafka/pom.xml dependency:copy-dependencies\n',
  );
}

const START_MS = 60_000;
let topics = 0;

/** Who may come to the secure port. */
export const USER = { username: 'winnow', password: 'a-secret-word' } as const;

/** A real Apache Kafka of one broker. */
export class KafkaCluster {
  readonly brokers: string[];
  /** The address that wants TLS, and USER by PLAIN or SCRAM-SHA-256; when it was started with certificates. */
  readonly secure: string;
  readonly #folder: string | undefined;
  readonly #admin: Admin;
  #process: ChildProcess | undefined;

  private constructor(brokers: string[], folder?: string, secure: string = '') {
    this.brokers = brokers;
    this.secure = secure;
    this.#folder = folder;
    this.#admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers, retries: 5, retryDelay: 200 });
  }

  static async start(certificates?: Certificates): Promise<KafkaCluster> {
    if (GIVEN !== undefined) return new KafkaCluster(GIVEN.split(','));
    const folder = mkdtempSync(join(tmpdir(), 'winnow-kafka-'));
    const [port = 0, controllerPort = 0, securePort = 0] = await freePorts(3);
    if (certificates) writeFileSync(join(folder, 'server.pem'), certificates.server.key + certificates.server.cert);
    const properties =
      propertiesOf(folder, port, controllerPort) + (certificates ? securePropertiesOf(folder, { port, controllerPort, securePort }) : '');
    writeFileSync(join(folder, 'server.properties'), properties);
    const user = `SCRAM-SHA-256=[name=${USER.username},password=${USER.password}]`;
    const format = ['kafka.tools.StorageTool', 'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qg', '-c', 'server.properties', '--add-scram', user];
    const { status, stderr } = spawnSync('java', javaArgs(format), { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`the folder of the broker cannot be formatted: ${stderr}`);
    const cluster = new KafkaCluster([`127.0.0.1:${port}`], folder, `localhost:${securePort}`);
    await cluster.up();
    return cluster;
  }

  /** False when it is somebody else's broker, which is not ours to stop. */
  get isOurs(): boolean {
    return this.#folder !== undefined;
  }

  /** Starts the broker, and waits until it answers. */
  async up(): Promise<void> {
    if (this.#folder === undefined) return;
    this.#process = spawn('java', javaArgs(['kafka.Kafka', 'server.properties']), { cwd: this.#folder, stdio: 'ignore' });
    const port = Number(this.brokers[0]?.split(':')[1]);
    const deadline = performance.now() + START_MS;
    while (!(await answers(port))) {
      if (performance.now() > deadline) throw new Error('the broker does not come up');
      await sleep(100);
    }
    await this.#admin.metadata({ topics: [], forceUpdate: true });
  }

  /** Ends the broker as a power cut would. */
  async kill(): Promise<void> {
    const broker = this.#process;
    if (!broker || broker.exitCode !== null || broker.signalCode !== null) return;
    broker.kill('SIGKILL');
    await once(broker, 'exit');
  }

  async createTopic(partitions: number, topic: string = `winnow-${process.pid}-${Date.now()}-${topics++}`): Promise<string> {
    await this.#admin.createTopics({ topics: [topic], partitions, replicas: 1 });
    return topic;
  }

  async stop(): Promise<void> {
    await this.#admin.close();
    await this.kill();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}

function javaArgs(args: readonly string[]): string[] {
  return ['-Xmx256m', '-XX:+UseSerialGC', '-cp', `${LIBRARIES}/*`, ...args];
}

function propertiesOf(folder: string, port: number, controllerPort: number): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
controller.listener.names=CONTROLLER
log.dirs=${join(folder, 'data')}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=true
num.partitions=4
`;
}

/** Later lines of such a file win. */
function securePropertiesOf(
  folder: string,
  ports: { readonly port: number; readonly controllerPort: number; readonly securePort: number },
): string {
  const { port, controllerPort, securePort } = ports;
  return `listeners=PLAINTEXT://127.0.0.1:${port},SASL_SSL://localhost:${securePort},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port},SASL_SSL://localhost:${securePort}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_${USER.username}="${USER.password}";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location=${join(folder, 'server.pem')}
`;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    }),
  );
  for (const server of servers) server.close();
  return ports;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolved) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolved(true);
    });
    socket.on('error', () => resolved(false));
  });
}
