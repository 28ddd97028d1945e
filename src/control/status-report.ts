import type { StatusName } from '#component';
import type { Books } from '../pipeline/books.ts';

export interface ComponentReport {
  readonly status: StatusName;
  readonly message?: string;
  /** ISO 8601. */
  readonly since: string;
}

/** What `GET /status` answers. */
export interface StatusReport {
  readonly version: string;
  readonly pid: number;
  readonly uptime_seconds: number;
  readonly is_ready: boolean;
  readonly config: readonly string[];
  /** Counts up with every reload. */
  readonly generation: number;
  readonly storage: string;
  readonly memory_rss_bytes: number;
  readonly components: Readonly<Record<string, ComponentReport>>;
  readonly books: Books;
  readonly queues: readonly { readonly exporter: string; readonly size: number; readonly capacity: number }[];
  /** Files that are open, and what is left to read in them. */
  readonly files: readonly { readonly receiver: string; readonly open: number; readonly unread_bytes: number }[];
}
