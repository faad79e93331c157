/**
 * Lets Node.js run this repository's TypeScript without a build, as the tests do: `node -r ./test/lab/typescript.cjs FILE`.
 */
const { readFileSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { transformSync } = require('@swc/core');

// A worker loads 1,900 modules, and the matrix starts hundreds of workers: a third of what that costs is compiling.
enableCompileCache();

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  });
  module._compile(code, filename);
};
