/** `lab status`: all that runs, in one table each for processes, servers, traffic, faults and runs. */
import Table from 'cli-table3';
import { servicePorts } from '../addresses/network';
import type { FaultListing } from '../azure';
import { askDaemon } from '../control-client';
import type { CacheStatus, LabStatus, ServerStatus } from '../daemon/status';
import type { Cluster } from '../kubernetes/cluster';
import type { Lab } from '../lab';
import { Parts } from '../lifecycle/parts';
import type { ManagedProcess } from '../managed-process';
import { howToGetRedis, isRedisThere } from '../redis/programs';
import { type ClusterStatus, clusterStatus, showCluster } from './cluster-status';
import { age, bytes } from './output';
import { plain } from './plain-table';

export interface ProcessStatus {
  name: string;
  state: 'running' | 'frozen' | 'not running';
  pid: number | null;
  startedAt: string | null;
  address: string;
}

export interface FullStatus extends Partial<LabStatus> {
  lab: string;
  timeFactor: number;
  memoryFactor: number;
  processes: ProcessStatus[];
  /** Undefined where there is no cluster. */
  cluster?: ClusterStatus;
  /** Null when Temporal does not answer. */
  openRuns: { workflowId: string; type: string; startedAt: string }[] | null;
}

export async function readStatus(lab: Lab): Promise<FullStatus> {
  const parts = new Parts(lab);
  const { timeFactor, memoryFactor, taskQueue } = lab.configuration;
  const [daemon, openRuns, cluster] = await Promise.all([
    askDaemon<LabStatus>(lab, 'GET', '/status').catch(() => undefined),
    parts.temporal.openRuns(),
    parts.cluster && clusterStatus(parts.cluster),
  ]);
  return {
    ...{ lab: lab.name, timeFactor, memoryFactor },
    processes: [
      processStatus(parts.temporal.process, `${lab.temporalAddress}, UI ${lab.temporalUi}`),
      processStatus(parts.daemon, `ARM ${lab.resourceManager}, identity :${servicePorts.identity}`),
      processStatus(parts.worker.process, `task queue ${taskQueue}`),
      ...(parts.cluster ? clusterProcesses(parts.cluster) : []),
    ],
    ...(cluster && { cluster }),
    ...daemon,
    openRuns: openRuns ?? null,
  };
}

export function showStatus(status: FullStatus): string {
  const { timeFactor, memoryFactor } = status;
  return [
    `lab ${status.lab}   Azure's times ÷ ${timeFactor}, memory ÷ ${memoryFactor}, connection limits exact`,
    table(
      ['process', 'state', 'pid', 'for', 'address'],
      status.processes.map(({ name, state, pid, startedAt, address }) => [
        name,
        state,
        pid ?? '',
        startedAt ? age(startedAt) : '',
        address,
      ]),
    ),
    ...(status.cluster ? [showCluster(status.cluster)] : []),
    ...(status.servers
      ? [showServers(status.servers)]
      : [`servers, traffic, faults: unknown, the daemon does not answer`]),
    ...(status.caches ? [showCaches(status.caches)] : []),
    ...(status.servers ? [showTraffic(status.traffic), showFaults(status.faults ?? [])] : []),
    showRuns(status.openRuns),
  ].join('\n');
}

function clusterProcesses({ processes, layout }: Cluster): ProcessStatus[] {
  const addresses: Record<string, string> = {
    ...{ etcd: layout.etcd, 'kube-apiserver': layout.apiServer, kubelet: `KUBECONFIG=${layout.kubeconfig}` },
  };
  return processes.map((process) => processStatus(process, addresses[process.name] ?? ''));
}

function processStatus(managed: ManagedProcess, address: string): ProcessStatus {
  const state = managed.state;
  return {
    ...{ name: managed.name, address, pid: state?.pid ?? null, startedAt: state?.startedAt ?? null },
    state: state ? (state.frozen ? 'frozen' : 'running') : 'not running',
  };
}

function showServers(servers: ServerStatus[]): string {
  return table(
    [
      'server',
      'role',
      'Azure says',
      'size',
      'storage',
      'address',
      'pid',
      'connections',
      'shared_buffers',
      'work_mem',
      'lag',
    ],
    servers.map((server) => [
      server.name,
      server.standby ? 'replica' : 'primary',
      server.state,
      server.sku,
      `${server.storageGb} GiB`,
      server.address,
      server.running ? String(server.pid) : 'not running',
      server.maxConnections ?? '',
      server.sharedBuffers ?? '',
      server.workMem ?? '',
      lag(server),
    ]),
  );
}

function showCaches(caches: CacheStatus[]): string {
  if (caches.length === 0)
    return isRedisThere() ? 'caches: none\n' : `caches: none, no redis-server (${howToGetRedis})\n`;
  return table(
    ['cache', 'Azure says', 'size', 'address', 'pid', 'memory', 'of', 'clients'],
    caches.map((cache) => [
      cache.name,
      cache.state,
      cache.shards === undefined ? cache.size : `${cache.size}, ${cache.shards} shards`,
      cache.address,
      cache.pid ?? 'not running',
      cache.usedMemory ?? '',
      cache.maxMemory ?? '',
      cache.clients ?? '',
    ]),
  );
}

function lag({ replayLagBytes }: ServerStatus): string {
  if (replayLagBytes === undefined) return '';
  return replayLagBytes === null ? 'not streaming' : bytes(replayLagBytes);
}

function showTraffic(traffic: LabStatus['traffic'] | undefined): string {
  if (!traffic) return 'traffic: none';
  const { clients, rate, requests, failed, longestStallSeconds, running } = traffic;
  const state = running ? `${clients} clients, ${rate} rows/s` : 'stopped';
  return `traffic: ${state}; ${failed} of ${requests} requests failed, longest stall ${longestStallSeconds.toFixed(1)} s`;
}

function showFaults(faults: FaultListing[]): string {
  const armed = faults.filter((fault) => fault.armed.some(({ remaining }) => remaining !== 0));
  return armed.length === 0 ? 'faults: none armed' : `faults: ${armed.map((fault) => fault.name).join(', ')}`;
}

function showRuns(runs: FullStatus['openRuns']): string {
  if (!runs) return 'runs: unknown, Temporal does not answer';
  if (runs.length === 0) return 'runs: none open';
  return ['runs:', ...runs.map(({ workflowId, startedAt }) => `  ${workflowId}   open for ${age(startedAt)}`)].join(
    '\n',
  );
}

function table(head: string[], rows: (string | number)[][]): string {
  const drawn = new Table({ head, style: { head: [], border: [] }, chars: plain });
  drawn.push(...rows);
  return drawn.toString() + '\n';
}
