import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ['winnow-source'] },
  ssr: { resolve: { conditions: ['winnow-source'] } },
  test: {
    include: [
      'src/**/*.test.ts',
      'receivers/**/*.test.ts',
      'processors/**/*.test.ts',
      'exporters/**/*.test.ts',
      'connectors/**/*.test.ts',
      'extensions/**/*.test.ts',
      'test/**/*.test.ts',
      'tools/**/*.test.ts',
    ],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    pool: 'forks',
    // CI gives a second try, which the output shows, to tests that a machine standing still can break; not to those that count losses.
    retry: Number(process.env['WINNOW_TEST_RETRIES'] ?? 0),
  },
});

export default config;
