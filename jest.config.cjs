/**
 * Tests run the TypeScript as it is, through swc; types are checked by `npm run types`.
 * A test has two minutes by default, because most of them wait for real servers.
 * @type {import('jest').Config}
 */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  testTimeout: 120_000,
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/longest-first.cjs',
  // A worker keeps something of every file that it has run; one that has grown beyond this makes room for a new one.
  workerIdleMemoryLimit: '1GB',
  transform: {
    '^.+\\.(t|j|mj)sx?$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  // Packages that are published as ES modules only.
  transformIgnorePatterns: [
    '/node_modules/(?!(@noble|@kubernetes/client-node|log-update|commander|openid-client|oauth4webapi|jose|socks-proxy-agent|agent-base)/)',
  ],
};
