import type { StatusName } from '#component';
import type { Books } from '../pipeline/books.ts';

export interface ComponentReport {
  readonly status: StatusName;
  readonly message?: string;
  /** ISO 8601. */
  readonly since: string;
}

interface FilesReport {
  readonly receiver: string;
  readonly followed: number;
  readonly open: number;
  /** Bytes that are not delivered or on disk yet. */
  readonly behind_bytes: number;
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
  /** What receivers follow, and how far what they have read is safe. */
  readonly files: readonly FilesReport[];
}
