export { MemoryStorage } from '../../src/rehearsal/memory-storage.ts';
