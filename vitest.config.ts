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
  },
});

export default config;
