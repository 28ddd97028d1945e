import type { FileSystem } from '#component';
import type { AttributeValue } from '#model';

/** What a detector may look at. Tests put other surroundings in place of the machine's. */
export interface Surroundings {
  readonly fs: FileSystem;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly arch: string;
  readonly hostname: string;
  /** Release of the kernel. */
  readonly release: string;
  readonly interfaces: Readonly<Record<string, readonly NetworkAddress[] | undefined>>;
  /** The canonical name of a host, or undefined. */
  cname(host: string): Promise<string | undefined>;
  /** The name that the address of a host has in the DNS, or undefined. */
  reverse(host: string): Promise<string | undefined>;
  /** What a program prints. Rejects when it cannot run. */
  output(program: string, args: readonly string[]): Promise<string>;
  /** The answer of an HTTP server behind a Unix socket. Rejects when there is none. */
  ask(socket: string, path: string): Promise<string>;
  /** What an HTTP server answers, whatever its status. No proxy is asked, no redirect followed. Rejects when there is no answer. */
  request(url: string, question: Question): Promise<Answer>;
}

export interface Question {
  readonly method?: 'GET' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

interface NetworkAddress {
  readonly address: string;
  readonly mac: string;
  readonly internal: boolean;
}

/** What was found, in the order of the attributes of a detector. */
export type Found = Readonly<Record<string, AttributeValue | undefined>>;

/** A text of an object that somebody else wrote; undefined when it is not there, empty, or no text. */
export function textIn(values: object, name: string): string | undefined {
  const value: unknown = Object.entries(values).find(([key]) => key === name)?.[1];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The text of a file; undefined when it cannot be read. */
export function readText(fs: FileSystem, path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
