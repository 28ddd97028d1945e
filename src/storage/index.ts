/** Where the agent remembers: one SQLite file for all components, committed in groups. Imported as `#storage`. */
export { defaultStorageDirectory, type Environment } from './directory.ts';
export { StorageLockedError } from './lock.ts';
export { Storage, type StorageSettings } from './storage.ts';
