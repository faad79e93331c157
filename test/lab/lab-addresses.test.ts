/**
 * Goal: two labs never share an address, however they start; what a lab held is free when it is gone.
 * Method: real folders and sockets; several processes claim at the same moment.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { claimNetwork, Network, releaseNetwork } from '../../lab/addresses/network';

let folder: string;
let claims: string;
const lab = async (name: string) => {
  await mkdir(join(folder, name), { recursive: true });
  return join(folder, name);
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-addresses-'));
  claims = join(folder, 'claims');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a lab gets the same network again', async () => {
  const one = await lab('one');
  const first = await claimNetwork(claims, one);
  expect(await claimNetwork(claims, one)).toEqual(first);
  expect(first.services).toMatch(/^127\.\d+\.\d+\.1$/);
});

test('processes that claim at the same moment get different ones', async () => {
  const names = ['a', 'b', 'c', 'd'];
  const program = `
    const { claimNetwork } = require('./lab/addresses/network.ts');
    claimNetwork(process.argv[1], process.argv[2]).then((network) => console.log(network.prefix));`;
  const outputs = await Promise.all(
    names.map(async (name) => {
      const args = ['-r', './test/lab/typescript.cjs', '-e', program, claims, await lab(name)];
      return (await promisify(execFile)(process.execPath, args)).stdout.trim();
    }),
  );
  expect(new Set(outputs).size).toBe(names.length);
});

test('what a lab held is free after its release, and when its folder is gone', async () => {
  const one = await lab('one');
  const { prefix } = await claimNetwork(claims, one);
  await releaseNetwork(claims, one);
  expect(await claimNetwork(claims, one)).toEqual(new Network(prefix));
  await rm(one, { recursive: true });
  await mkdir(one);
  expect(await claimNetwork(claims, one)).toEqual(new Network(prefix));
});

test("a network where somebody else's lab listens is passed over", async () => {
  const one = await lab('one');
  const { prefix, services } = await claimNetwork(claims, one);
  await releaseNetwork(claims, one);
  const stranger = createServer().listen(8443, services);
  await new Promise((resolve) => stranger.once('listening', resolve));
  try {
    expect((await claimNetwork(claims, one)).prefix).not.toBe(prefix);
  } finally {
    stranger.close();
  }
});

test('server addresses begin at .10, and run out with a word on it', () => {
  const network = new Network('127.20.4');
  expect(network.freeServerAddress([])).toBe('127.20.4.10');
  expect(network.freeServerAddress(['127.20.4.10', '127.20.4.12'])).toBe('127.20.4.11');
  const all = Array.from({ length: 256 }, (_, byte) => `127.20.4.${byte}`);
  expect(() => network.freeServerAddress(all)).toThrow('no address left');
});
