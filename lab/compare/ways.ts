/**
 * Ways to lead clients elsewhere, in the order in which one lab can go them: each leaves it as the next one needs it.
 *
 *   the API to PgBouncer      by the guide's own commands, then by the runbook
 *   a larger primary          in place, before and behind PgBouncer; replaced by a promoted replica; the same by a bare script
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Secret } from '../kubernetes/api/objects';
import { productionNamespace as namespace } from '../kubernetes/layout';
import { askAboutServer } from '../resource-manager';
import { guidePooler } from './guide';
import type { Stand } from './stand';

export interface Way {
  what: string;
  how: string;
  /** Where the clients of SQL connect. */
  path: 'direct' | 'pooled';
  /** What a client may notice: nothing lost in any way, and of a runbook that says so no failed request either. */
  promises?: 'nothing lost' | 'nothing fails';
  /** What who does it must be allowed to do. */
  needs: string;
  /** Clients are not there yet. */
  prepare?(stand: Stand): Promise<void>;
  go(stand: Stand): Promise<void>;
  /** Clients are gone. */
  tidy?(stand: Stand): Promise<void>;
}

const [second, third] = ['broxiva-db-second', 'broxiva-db-third'];
const [larger, largest] = ['Standard_D8ds_v4', 'Standard_D16ds_v4'];
const [api, worker] = ['broxiva-api', 'broxiva-worker'];
const soon = { 'timing.soakSeconds': '0' };
const byWorker =
  "the worker's own rights (deploy/azure-role.json, deploy/kubernetes/rights.yaml), which no person needs";
const briefly = { canarySeconds: '10', watchSeconds: '5', ...soon };
const [toPooler, toLarger] = ['the API to PgBouncer', 'a larger primary'];

export const cutoverWays: Way[] = [
  {
    ...{ what: toLarger, how: 'databaseSkuUpgrade, clients direct', path: 'direct', promises: 'nothing lost' },
    needs: byWorker,
    go: (stand) => stand.run('databaseSkuUpgrade', { sku: larger, ...soon }),
  },
  {
    ...{ what: toPooler, how: "the guide's commands", path: 'direct' },
    needs: 'to change Deployments; the password is on the command line and in the Deployment',
    prepare: (stand) => guidePooler.make(stand),
    go: async (stand) => {
      const { password, pathname, username } = new URL(stand.directUrl);
      const url = `postgresql://${username}:${password}@${guidePooler.name}:5432${pathname}`;
      await stand.kubectl(['set', 'env', `deployment/${api}`, `DATABASE_URL=${url}`], { secret: password });
      await stand.kubectl(['rollout', 'status', `deployment/${api}`, '--timeout=180s']);
    },
    tidy: async (stand) => {
      await stand.kubectl(['rollout', 'undo', `deployment/${api}`]);
      await stand.kubectl(['rollout', 'status', `deployment/${api}`, '--timeout=180s']);
      await guidePooler.remove(stand);
    },
  },
  {
    ...{ what: toPooler, how: 'pgbouncerCutover', path: 'direct', promises: 'nothing fails' },
    needs: byWorker,
    prepare: (stand) => stand.run('deployPgbouncer', soon),
    go: (stand) => stand.run('pgbouncerCutover', { deployment: api, ...briefly }),
    // The worker would keep its own sessions, which stand in the way of a replacement; nobody notices its absence here.
    tidy: (stand) => stand.kubectl(['scale', `deployment/${worker}`, '--replicas=0']),
  },
  {
    ...{ what: toLarger, how: 'databaseSkuUpgrade, behind PgBouncer', path: 'pooled', promises: 'nothing lost' },
    needs: byWorker,
    go: (stand) => stand.run('databaseSkuUpgrade', { sku: largest, ...soon }),
  },
  {
    ...{ what: toLarger, how: 'databaseReplace', path: 'pooled', promises: 'nothing fails' },
    needs: byWorker,
    go: (stand) =>
      stand.runApproved('databaseReplace', { replacement: second, sku: largest, ...soon }, `switch over to ${second}`),
  },
  {
    ...{ what: toLarger, how: 'a bare script: promote, then roll PgBouncer', path: 'pooled' },
    needs: `to make and promote servers, to read and write the Secret pgbouncer, to restart its Deployment`,
    go: promoteAndRoll,
  },
];

/** What is typed when nobody has thought of the writes between the two: the old primary goes on taking them. */
async function promoteAndRoll(stand: Stand): Promise<void> {
  const { lab } = stand;
  const source = await askAboutServer(lab, 'GET', second);
  const { location, sku } = source;
  const made = { location, sku, properties: { createMode: 'Replica', sourceServerResourceId: source.id } };
  stand.terminal.typed(
    `az postgres flexible-server replica create --replica-name ${third} --source-server ${second} …`,
  );
  await askAboutServer(lab, 'PUT', third, made);
  await untilReady(stand, third);
  stand.terminal.typed(`az postgres flexible-server replica promote --name ${third} --promote-mode standalone …`);
  const promotion = { role: 'Primary', promoteMode: 'Standalone', promoteOption: 'Planned' };
  await askAboutServer(lab, 'PATCH', third, { properties: { replica: promotion } });
  await untilReady(stand, third);
  const { properties } = await askAboutServer(lab, 'GET', third);
  await lead(stand, source.properties.fullyQualifiedDomainName, properties.fullyQualifiedDomainName);
  await stand.kubectl(['rollout', 'restart', 'deployment/pgbouncer']);
  await stand.kubectl(['rollout', 'status', 'deployment/pgbouncer', '--timeout=180s']);
}

async function lead(stand: Stand, from: string, to: string): Promise<void> {
  stand.terminal.typed(`kubectl patch secret pgbouncer …   # its host becomes ${third}'s`);
  const path = `/api/v1/namespaces/${namespace}/secrets/pgbouncer`;
  const { data = {} } = await stand.api.get<Secret>(path);
  const changed = Object.entries(data)
    .filter(([key]) => key.endsWith('.ini'))
    .map(([key, value]) => {
      const text = Buffer.from(value, 'base64').toString().replaceAll(from, to);
      return [key, Buffer.from(text).toString('base64')];
    });
  await stand.api.merge(path, { data: Object.fromEntries(changed) as Record<string, string> });
}

const readyDeadlineMs = 120_000;

async function untilReady({ lab }: Stand, server: string): Promise<void> {
  const deadline = Date.now() + readyDeadlineMs;
  for (;;) {
    const { state } = await askAboutServer(lab, 'GET', server).then(
      ({ properties }) => properties,
      (error: Error) => ({ state: error.message }),
    );
    if (state === 'Ready') return;
    if (Date.now() > deadline) throw new Error(`${server} is not Ready after ${readyDeadlineMs / 1000} s: ${state}`);
    await sleep(200);
  }
}
