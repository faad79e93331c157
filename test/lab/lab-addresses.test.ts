/**
 * Goal: two labs never share an address, however they start; what a lab held is free when it is gone.
 * Method: real folders and sockets; several processes claim at the same moment.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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

test("another lab's network, and one with the same port for Temporal, are passed over", async () => {
  const [one, two] = [await lab('one'), await lab('two')];
  const { prefix, temporalPort } = await claimNetwork(claims, one);
  await releaseNetwork(claims, one);
  await writeFile(join(claims, prefix), two);
  const other = await claimNetwork(claims, one);
  expect(other.prefix).not.toBe(prefix);
  await releaseNetwork(claims, one);
  await releaseNetwork(claims, two);
  // Networks repeat their ports after 6,000.
  const place = (network: string) => network.split('.').map(Number) as [number, number, number];
  const [, second, third] = place(prefix);
  const twins = [-6000, 6000]
    .map((step) => second * 256 + third + step)
    .map((sum) => `127.${Math.floor(sum / 256)}.${sum % 256}`);
  for (const twin of twins.filter((network) => place(network)[1] >= 20 && place(network)[1] <= 250)) {
    expect(new Network(twin).temporalPort).toBe(temporalPort);
    await writeFile(join(claims, twin), two);
  }
  expect((await claimNetwork(claims, one)).temporalPort).not.toBe(temporalPort);
});

test('server addresses begin at .10, and run out with a word on it', () => {
  const network = new Network('127.20.4');
  expect(network.freeServerAddress([])).toBe('127.20.4.10');
  expect(network.freeServerAddress(['127.20.4.10', '127.20.4.12'])).toBe('127.20.4.11');
  const all = Array.from({ length: 256 }, (_, byte) => `127.20.4.${byte}`);
  expect(() => network.freeServerAddress(all)).toThrow('no address left');
});
