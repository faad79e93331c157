/**
 * Goal: the set-up is quick and silent when there is nothing to do, two at once do not harm each other, and where it cannot
 * work it says why in one line.
 * Method: the script itself on this machine's cache and checkout, which `make test` has just set up.
 */
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const repository = resolve(__dirname, '../..');
const install = join(repository, 'setup/install');

/** Runs the set-up with a program of ours in front of the machine's. */
function installWith(program: string, script: string, environment: NodeJS.ProcessEnv = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'install-'));
  try {
    writeFileSync(join(folder, program), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, program), 0o755);
    const env = { ...process.env, RUNBOOKS_CACHE: join(folder, 'cache'), ...environment };
    return spawnSync(install, { encoding: 'utf8', env: { ...env, PATH: `${folder}:${process.env.PATH}` } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('with nothing to do, two at once are silent', async () => {
  await promisify(execFile)(install);
  const both = await Promise.all([promisify(execFile)(install), promisify(execFile)(install)]);
  expect(both.map(({ stderr }) => stderr)).toEqual(['', '']);
  expect(both.map(({ stdout }) => stdout.replace('  waiting for another set-up to finish\n', ''))).toEqual(['', '']);
});

test('another system gets one line that says what is needed', () => {
  const run = installWith('uname', 'case $1 in -s) echo Darwin;; -m) echo arm64;; *) echo "Darwin arm64";; esac');
  expect(run.stderr).toBe(
    'setup: this needs Linux on x86-64 or arm64, or a virtual machine of it; here is Darwin on arm64\n',
  );
  expect(run.status).toBe(1);
});

test('a download that fails is named in one line, with its log, and leaves nothing half-done', () => {
  const run = installWith('python3', 'case "$*" in *--version*) ;; *) echo "ERROR: no route to host"; exit 1;; esac');
  expect(run.stderr).toMatch(
    /^setup: Node\.js [\d.]+ failed: ERROR: no route to host \(all of it: \S+\/node\.log\)\n$/,
  );
  expect(run.status).toBe(1);
});

test('a cache folder that cannot be written is named', () => {
  const run = installWith('true', '', { RUNBOOKS_CACHE: '/proc/nothing' });
  expect(run.stderr).toBe('setup: cannot write to /proc/nothing; name another folder with RUNBOOKS_CACHE=…\n');
});
