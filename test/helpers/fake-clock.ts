/** `winnow test` and the tests of this repository live by the same clock. */
export { VirtualClock as FakeClock, settleMicrotasks } from '../../src/rehearsal/virtual-clock.ts';
