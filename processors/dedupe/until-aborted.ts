/** Waits for the work, but not beyond the signal. */
export async function untilAborted(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  if (signal.aborted) {
    // Whatever needs no waiting is done all the same.
    work().catch(() => {});
    await new Promise((resolve) => void setImmediate(resolve));
    return;
  }
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await Promise.race([work(), aborted]);
}
