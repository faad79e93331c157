/**
 * Goal: programs of Kubernetes that the machine has are used where all are there and new enough; else ours are built.
 * Method: setup/cluster itself with a cache of its own, on programs that only tell a version, and a Go that builds nothing.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const programs = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'programs-'));
  // Nothing is to be fetched for the images.
  mkdirSync(join(folder, 'cache', 'debian'), { recursive: true });
  place('tools', ['go'], 'case $1 in env) echo go1.26.0;; *) echo "error: nothing is built here"; exit 1;; esac');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Programs that run this script. */
function place(name: string, files: string[], script: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const file of files) {
    writeFileSync(join(path, file), `#!/bin/sh\n${script}\n`);
    chmodSync(join(path, file), 0o755);
  }
  return path;
}

function setUp({ path = [], assets }: { path?: string[]; assets?: string }) {
  const cache = join(folder, 'cache');
  const env = {
    ...{ RUNBOOKS_CACHE: cache, HOME: folder, ...(assets && { KUBEBUILDER_ASSETS: assets }) },
    PATH: [...path, join(folder, 'tools'), '/usr/bin', '/bin'].join(':'),
  };
  const { status, stderr } = spawnSync(resolve(__dirname, '../../setup/cluster'), { env, encoding: 'utf8' });
  const linked = () => programs.map((program) => readlinkSync(join(cache, 'bin', program)));
  return { status, stderr, linked };
}

const version = (text: string) => `echo "Kubernetes v${text}"`;
const all = (path: string) => programs.map((program) => join(path, program));

test('all five in KUBEBUILDER_ASSETS', () => {
  const assets = place('assets', programs, version('1.36.9'));
  expect(setUp({ assets }).linked()).toEqual(all(assets));
});

test('all five on the PATH', () => {
  const path = place('machine', programs, version('1.35.0'));
  expect(setUp({ path: [path] }).linked()).toEqual(all(path));
});

test.each([
  ['one is missing', programs.slice(1), '1.36.9'],
  ['they are too old', programs, '1.34.2'],
])('%s: ours are built', (_why, files, text) => {
  const { status, stderr } = setUp({ assets: place('assets', files, version(text)) });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(
      /^setup: Kubernetes v[\d.]+ failed: error: nothing is built here \(all of it: \S+\)\n$/,
    ),
  });
});
