/**
 * Records the histories that test/replay replays, on a lab of its own: `make histories`. Each run is the next chapter of one
 * server: it goes back, goes back with an operator's help, grows under a killed worker, grows further with an approval.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { lockWorkflowId, runWorkflowId, targetOf } from '../../catalogue';
import { until } from '../../lab/processes';
import { Cluster } from '../runbooks/support/cluster';
import { Database } from '../runbooks/support/database';
import { Production } from '../runbooks/support/production';
import { Run } from '../runbooks/support/run';
import { large, SkuUpgrade } from '../runbooks/support/sku-upgrade';
import { reportOf } from '../workflows/support/bench';
import { toPortable } from './portable';

const folder = join(__dirname, 'histories');

async function record(name: string, handle: WorkflowHandle, ending: string): Promise<void> {
  const fetched = await handle.fetchHistory();
  const text = `${JSON.stringify(toPortable(fetched))}\n`;
  writeFileSync(join(folder, `${name}.json`), text);
  console.log(`${name}: ${ending}, ${fetched.events!.length} events, ${Math.round(text.length / 1024)} KiB`);
}

type Chapter = (production: Production, database: Database) => Promise<SkuUpgrade>;

const chapters: Record<string, Chapter> = {
  async 'rolled-back'(production, database) {
    await production.arm('upgrade-fails', { server: database.name, properties: 'old' });
    return SkuUpgrade.start(production, database, { sku: large.sku });
  },

  async 'needs-operator-then-retry'(production, database) {
    await production.arm('upgrade-fails', { server: database.name, properties: 'new' });
    await production.arm('undo-refused', { server: database.name });
    const run = await SkuUpgrade.start(production, database, { sku: large.sku });
    await run.until(({ phase }) => phase === 'needs-operator');
    await run.order('retry');
    return run;
  },

  async 'worker-killed'(production, database) {
    await production.arm('operation-hangs', { server: database.name, after: 1 });
    const run = await SkuUpgrade.start(production, database, { sku: large.sku });
    await run.untilRemembered('operation');
    await production.worker.kill();
    const asked = (await production.requests()).length;
    await production.worker.start();
    const resumed = async () => (await production.requests()).length > asked + 1;
    await until('the new worker asks Azure', resumed, { deadlineMs: 50_000, everyMs: 50 });
    await production.clearFaults();
    return run;
  },

  async succeeded(production, database) {
    const input = { sku: 'Standard_D16ds_v4', storageGb: 512, timing: { soakSeconds: 1 } };
    const run = await SkuUpgrade.start(production, database, input);
    const { planHash } = await run.until(({ phase }) => phase === 'awaiting-approval');
    await run.order('pause');
    await run.approve(planHash!, ['grow primary']);
    await run.until(({ phase }) => phase === 'paused');
    await run.order('resume');
    return run;
  },
};

/** One run of each other runbook that changes only what is Azure's: raw JSON, as Temporal UI sends it. */
const runsOnAzure: Record<string, object> = {
  redisScale: { size: 'C4', maxmemoryReservedMb: 2000 },
};

/** The same of those that change the cluster. */
const runsOnCluster: Record<string, object> = {
  scaleDeployment: { deployment: 'broxiva-web', replicas: 3 },
  resizeDeployment: {
    ...{ deployment: 'broxiva-web', requests: { cpu: '100m', memory: '192Mi' } },
    limits: { cpu: '500m', memory: '384Mi' },
  },
  configureAutoscaling: { deployment: 'broxiva-web', min: 2, max: 4, cpuPercent: 70 },
  deployPgbouncer: {},
  // Behind the pooler that has just been made.
  databaseRestart: { parameters: { max_connections: 1800, work_mem: 8192 } },
  pgbouncerCutover: { deployment: 'broxiva-api', canarySeconds: 5, watchSeconds: 2 },
  redisClusterBootstrap: { maxMemoryMegabytes: 48, storageGigabytes: 1 },
  redisClusterReshard: { masters: 4 },
  createReadReplica: { replica: 'broxiva-db-replica-1', lagWindowSeconds: 1 },
};

async function recordOnCluster(): Promise<void> {
  const cluster = await Cluster.start([]);
  try {
    await recordRuns(cluster.production, runsOnCluster);
    await recordReplacement(cluster);
  } finally {
    await cluster.stop();
  }
}

/** Last: the primary is closed by it. Nobody may be on the server but the pool, and somebody has to approve it. */
async function recordReplacement(cluster: Cluster): Promise<void> {
  await cluster.kubectl('scale', 'deployment/broxiva-api', 'deployment/broxiva-worker', '--replicas=0');
  await cluster.kubectl('wait', '--for=delete', 'pod', '-l', 'app in (broxiva-api, broxiva-worker)', '--timeout=90s');
  const input = {
    replacement: 'broxiva-db-second',
    sku: large.sku,
    lagWindowSeconds: 1,
    replicasLeftBehind: ['broxiva-db-replica-1'],
  };
  const run = await Run.start(cluster.production, 'databaseReplace', { ...input, timing: { soakSeconds: 1 } });
  await run.approveAll();
  await record('databaseReplace-succeeded', run.handle, (await run.report()).outcome);
}

async function recordRuns({ client, taskQueue }: Production, runs: Record<string, object>): Promise<void> {
  for (const [runbook, input] of Object.entries(runs)) {
    const handle = await client.workflow.start(runbook, {
      ...{ workflowId: runWorkflowId(runbook, 'recorded', new Date(), '0000'), taskQueue },
      args: [{ requestedBy: 'asker@example.com', timing: { soakSeconds: 1 }, ...input }],
    });
    await record(`${runbook}-succeeded`, handle, (await reportOf(handle)).outcome);
  }
}

async function main(): Promise<void> {
  await recordOnServers();
  await recordOnCluster();
}

async function recordOnServers(): Promise<void> {
  const production = await Production.start();
  try {
    const database = Database.first(production);
    for (const [name, play] of Object.entries(chapters)) {
      const run = await play(production, database);
      await record(name, run.handle, (await run.report()).outcome);
    }
    const lock = lockWorkflowId(targetOf('postgres', database.name));
    await recordRuns(production, runsOnAzure);
    await record('lock', production.client.workflow.getHandle(lock), 'open');
  } finally {
    await production.stop();
  }
}

main().catch((error: Error) => {
  console.error(`the histories were not recorded: ${error.message}`);
  process.exitCode = 1;
});
