/**
 * Loopback addresses: each lab has a network of its own, 127.a.b.0/24, so that labs do not meet and every server has
 * the standard port (Azure Resource Manager has no field for another one). Temporal's development server works on
 * 127.0.0.1 only (its parts look for each other there, whatever `--ip` says), so there each lab has two ports of its own.
 *
 * 1. Take the machine-wide mutex: a listening socket, which the kernel frees when its holder dies.
 * 2. A lab that has a claim keeps it.
 * 3. Else take the first network, counted from a place that depends on the lab (so the same lab mostly gets the same
 *    addresses), that no other lab claims and where nothing listens. A claim whose lab is gone does not count.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The lab's own services on `.1`. */
export const servicePorts = { temporalUi: 8233, resourceManager: 8443, identity: 8444 };
export const postgresPort = 5432;

const mutex = { host: '127.255.255.1', port: 47_233 };
/** The longest that is done under one is the making of a lab. */
const mutexDeadlineMs = 240_000;
/** 127.0 is the machine's own (127.0.0.1, Debian's 127.0.1.1, resolvers), 127.255 has the broadcast address. */
const firstSecondByte = 20;
const lastSecondByte = 250;
/** Below the ports that Linux gives to outgoing connections (32768 and up); two for each of this many labs at most. */
const firstTemporalPort = 20_000;
const temporalPortPairs = 6_000;
const firstServer = 10;
const lastServer = 200;
const firstCache = 201;
const lastCache = 250;

export class Network {
  /** `prefix` is the first three bytes, such as `127.20.4`. */
  constructor(readonly prefix: string) {}

  get services(): string {
    return `${this.prefix}.1`;
  }

  /** On 127.0.0.1: the port for gRPC; the one for HTTP follows it. Two networks may have the same, two labs may not. */
  get temporalPort(): number {
    const [, second, third] = this.prefix.split('.').map(Number);
    return firstTemporalPort + 2 * (((second! - firstSecondByte) * 256 + third!) % temporalPortPairs);
  }

  /** The first server address that is not in `taken`. Throws when there is none. */
  freeServerAddress(taken: Iterable<string>): string {
    return this.free(taken, firstServer, lastServer, 'servers');
  }

  /** The same for caches. */
  freeCacheAddress(taken: Iterable<string>): string {
    return this.free(taken, firstCache, lastCache, 'caches');
  }

  private free(taken: Iterable<string>, first: number, last: number, what: string): string {
    const used = new Set(taken);
    for (let byte = first; byte <= last; byte++) {
      const address = `${this.prefix}.${byte}`;
      if (!used.has(address)) return address;
    }
    throw new Error(
      `the lab's network ${this.prefix}.0/24 has no address left: a lab has at most ${last - first + 1} ${what}`,
    );
  }
}

/**
 * Claims a network for the lab in `labFolder`, which must exist; `claimsFolder` is shared by all labs of this cache.
 * Throws when every network is taken.
 */
export async function claimNetwork(claimsFolder: string, labFolder: string): Promise<Network> {
  return whileHolding(mutex, async () => {
    await mkdir(claimsFolder, { recursive: true });
    const claims = await readClaims(claimsFolder);
    const own = [...claims].find(([, owner]) => owner === labFolder);
    if (own) return new Network(own[0]);
    const live = [...claims].filter(([, owner]) => existsSync(owner)).map(([prefix]) => new Network(prefix));
    for (const network of candidates(labFolder)) {
      const taken = live.some(
        (other) => other.prefix === network.prefix || other.temporalPort === network.temporalPort,
      );
      if (taken || !(await isSilent(network))) continue;
      await writeFile(join(claimsFolder, network.prefix), labFolder);
      return network;
    }
    throw new Error('every loopback network is taken: end a lab with `lab down`');
  });
}

/** The lab is gone, or will be. */
export async function releaseNetwork(claimsFolder: string, labFolder: string): Promise<void> {
  await whileHolding(mutex, async () => {
    for (const [prefix, owner] of existsSync(claimsFolder) ? await readClaims(claimsFolder) : []) {
      if (owner === labFolder) await rm(join(claimsFolder, prefix), { force: true });
    }
  });
}

/** Does the work while nobody else on this machine holds that place: a listening socket is the lock. */
export async function whileHolding<T>(place: { host: string; port: number }, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + mutexDeadlineMs;
  let held: Server | undefined;
  while (!(held = await listen(place))) {
    if (Date.now() > deadline)
      throw new Error(`another process holds ${place.host}:${place.port} for ${mutexDeadlineMs / 1000} s`);
    await sleep(20);
  }
  try {
    return await work();
  } finally {
    await close(held);
  }
}

async function readClaims(folder: string): Promise<Map<string, string>> {
  const names = await readdir(folder);
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
}

function* candidates(labFolder: string): Generator<Network> {
  const count = (lastSecondByte - firstSecondByte + 1) * 256;
  const start = createHash('sha256').update(labFolder).digest().readUInt32BE() % count;
  for (let step = 0; step < count; step++) {
    const place = (start + step) % count;
    yield new Network(`127.${firstSecondByte + Math.floor(place / 256)}.${place % 256}`);
  }
}

/** True if nothing listens where a lab would: another user's lab, whose claim we cannot read, is seen so. */
async function isSilent({ prefix, services, temporalPort }: Network): Promise<boolean> {
  const places = [
    ...Object.values(servicePorts).map((port) => ({ host: services, port })),
    { host: `${prefix}.${firstServer}`, port: postgresPort },
    { host: '127.0.0.1', port: temporalPort },
    { host: '127.0.0.1', port: temporalPort + 1 },
  ];
  for (const place of places) {
    const server = await listen(place);
    if (!server) return false;
    await close(server);
  }
  return true;
}

/** Undefined when something else listens there. */
function listen(place: { host: string; port: number }): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ ...place, exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
