/**
 * Makes a lab, or starts what of it does not run. Done twice it changes nothing.
 *
 * 1. a folder, a network, a configuration; 2. Temporal and the daemon side by side; 3. where it is wanted Kubernetes;
 * 4. the worker, while the pods start; each until it is ready.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { claimNetwork, whileHolding } from '../addresses/network';
import { labFolder } from '../cache';
import type { Cluster } from '../kubernetes/cluster';
import { claimsFolder, Lab, type LabConfiguration } from '../lab';
import { howToGetRedis, isRedisThere } from '../redis/programs';
import { Parts } from './parts';

export type UpOptions = Partial<
  Pick<LabConfiguration, 'replicas' | 'timeFactor' | 'memoryFactor' | 'taskQueue' | 'worker' | 'kubernetes'>
>;

const defaults = {
  replicas: 0,
  timeFactor: 60,
  memoryFactor: 64,
  taskQueue: 'runbooks',
  worker: true,
  kubernetes: false,
};
/** Azure allows five read replicas a server (concepts-read-replicas). */
const replicasMax = 5;
/** Below the ports of the lab's services; only to keep two `up` of one lab apart. */
const upMutexPort = 7_000;

/** Throws when an option is out of range, or a lab of that name was made with others. */
export async function up(
  name: string,
  options: UpOptions,
  report: (line: string) => void = () => undefined,
): Promise<Lab> {
  assertOptions(options);
  const folder = labFolder(name);
  await mkdir(folder, { recursive: true });
  // PostgreSQL's account must be able to enter it.
  await chmod(folder, 0o755);
  const network = await claimNetwork(claimsFolder(), folder);
  return whileHolding({ host: network.services, port: upMutexPort }, async () => {
    const lab = Lab.find(name) ?? (await Lab.create(name, newConfiguration(network.prefix, options)));
    assertSame(lab, options);
    const parts = new Parts(lab);
    await Promise.all([
      startPart('Temporal', parts.temporal.process.running, () => parts.temporal.start(), report),
      startPart('Azure and PostgreSQL', parts.daemon.running, () => parts.startDaemon(), report),
    ]);
    if (!isRedisThere()) report(`cache: none, for there is no redis-server (${howToGetRedis})`);
    const { cluster } = parts;
    if (cluster) await startPart('Kubernetes', cluster.running, () => cluster.start(), report);
    const waited = cluster && waitForPods(cluster, report);
    if (lab.configuration.worker)
      await startPart('worker', parts.worker.process.running, () => parts.worker.start(), report);
    await waited;
    return lab;
  });
}

/** Pods that are not ready are told, and no failure: somebody may have wanted that. */
async function waitForPods(cluster: Cluster, report: (line: string) => void): Promise<void> {
  const began = Date.now();
  const missing = await cluster.waitForPods();
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  report(missing.length > 0 ? `pods: not ready: ${missing.join(', ')}` : `pods: ready after ${seconds} s`);
}

async function startPart(
  what: string,
  runs: boolean,
  start: () => Promise<void>,
  report: (line: string) => void,
): Promise<void> {
  const began = Date.now();
  await start();
  report(runs ? `${what}: runs already` : `${what}: ready after ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

function newConfiguration(network: string, options: UpOptions): LabConfiguration {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as UpOptions;
  return {
    ...defaults,
    ...given,
    network,
    createdAt: new Date().toISOString(),
    identityHeader: randomBytes(16).toString('hex'),
  };
}

function assertOptions({ replicas, timeFactor, memoryFactor }: UpOptions): void {
  assertWithin('--replicas', replicas, 0, replicasMax, 'a whole number', Number.isInteger);
  assertWithin('--time-factor', timeFactor, 0.1, 10_000, 'a number', Number.isFinite);
  assertWithin('--memory-factor', memoryFactor, 1, 1024, 'a number', Number.isFinite);
}

function assertWithin(
  name: string,
  value: number | undefined,
  least: number,
  most: number,
  what: string,
  is: (value: number) => boolean,
): void {
  if (value === undefined || (is(value) && value >= least && value <= most)) return;
  throw new Error(`${name} is ${value}: ${what} from ${least} to ${most} is allowed`);
}

/** What a lab was made with stays. */
function assertSame(lab: Lab, options: UpOptions): void {
  for (const [name, value] of Object.entries(options) as [keyof UpOptions, string | number | boolean | undefined][]) {
    const made = lab.configuration[name] ?? defaults[name];
    if (value === undefined || value === made) continue;
    throw new Error(
      `lab "${lab.name}" was made with ${name} ${made}, not ${value}: end it first (lab down), or take another --name`,
    );
  }
}
