import { totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The memory of this process and its host; a test brings its own. */
export interface ProcessMemory {
  /** The resident set. Most of what an agent holds are buffers, which lie outside the JavaScript heap. */
  residentBytes(): number;
  /** Memory of the host, or of the control group when that may take less. */
  totalBytes(): number;
  collectGarbage(): void;
}

/** Read and called only after start, so that a limiter which is merely configured changes nothing in the process. */
export function createProcessMemory(): ProcessMemory {
  let collect: (() => void) | undefined;
  return {
    residentBytes: () => process.memoryUsage.rss(),
    totalBytes: () => {
      // 0 or an absurdly large number when there is no bound.
      const constrained = process.constrainedMemory();
      return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
    },
    collectGarbage: () => {
      const { gc } = globalThis;
      collect ??= gc ? () => gc({ execution: 'sync' }) : exposedCollector();
      collect();
    },
  };
}

/** V8 hands its collector out only under a flag, but the flag may be set while it runs. */
function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collector: unknown = runInNewContext('gc');
  return typeof collector === 'function' ? () => void collector() : () => {};
}
