/** A configuration tried out without this host: virtual clock, captured output, files and storage in memory. */
export type { Difference } from './match.ts';
export { say } from './match.ts';
export { runTest, type Failure, type Miss, type TestResult } from './run-test.ts';
export { readTestFile, type TestCase, type TestFile } from './test-file.ts';
export { testFileJsonSchema } from './test-schema.ts';
