/**
 * Ways to lead clients elsewhere, in the order in which one lab can go them: each leaves it as the next one needs it.
 *
 *   a larger primary          in place, by the guide's command and by the runbook
 *   the API to PgBouncer      by the guide's commands, then by the runbook
 *   a larger primary          in place, behind PgBouncer; replaced by a promoted replica: by the runbook and by a bare script in turn;
 *                             last by a script that loses rows
 */
import { AzureCli } from './azure-cli';
import { changeSecret, makeReplica, promote, untilReady } from './by-hand';
import { guidePooler } from './guide';
import { bareScript } from './script';
import { production } from '../lab';
import { askAboutServer } from '../resource-manager';
import type { Stand } from './stand';

export interface Way {
  what: string;
  how: string;
  /** Where the clients of SQL connect. */
  path: 'direct' | 'pooled';
  /** What a client may notice: nothing lost in any way, and of a runbook that says so no failed request either. */
  promises?: 'nothing lost' | 'nothing fails';
  /** Of a switchover behind the pool: by whom, and how long Azure's operation takes. */
  crossing?: { by: 'runbook' | 'script'; operationSeconds: number };
  /** What who does it must be allowed to do. */
  needs: string;
  /** Why it is not gone. */
  notRun?: string;
  /** Clients are not there yet. */
  prepare?(stand: Stand): Promise<void>;
  go(stand: Stand): Promise<void>;
  /** Clients are gone. */
  tidy?(stand: Stand): Promise<void>;
}

export interface WaysOptions {
  withAz: boolean;
  /** How long a promotion takes, each of which is shown. */
  promotionSeconds: number[];
  /** How often each crosses with the first of these times; with the others once. */
  crossings: number;
}

const [larger, largest, guides] = ['Standard_D16ds_v4', 'Standard_D32ds_v4', 'Standard_D8ds_v4'];
const [api, worker] = ['broxiva-api', 'broxiva-worker'];
const soon = { 'timing.soakSeconds': '0' };
const briefly = { canarySeconds: '10', watchSeconds: '5', ...soon };
const byWorker =
  "the worker's own rights (deploy/azure-role.json, deploy/kubernetes/rights.yaml), which no person needs";
const [toPooler, toLarger] = ['the API to PgBouncer', 'a larger primary'];

/** In order; one that is gone several times is in it several times. */
export function cutoverWays({ withAz, promotionSeconds, crossings }: WaysOptions): Way[] {
  const pairs = promotionSeconds.map((seconds) => [replaced(seconds), scripted(seconds)]);
  return [
    ...[guidesUpdate(withAz), upgradedDirect, guidesEnvironment, cutOver, upgradedBehind],
    ...pairs.flatMap((pair, index) => Array.from({ length: index === 0 ? crossings : 1 }, () => pair).flat()),
    rolled,
  ];
}

function guidesUpdate(withAz: boolean): Way {
  const { resourceGroup, primary } = production;
  const update = ['postgres', 'flexible-server', 'update', '--resource-group', resourceGroup, '--name', primary];
  const args = [...update, '--sku-name', guides, '--tier', 'GeneralPurpose', '--storage-size', '512', '--yes'];
  return {
    ...{ what: toLarger, how: "the guide's az … update, clients direct", path: 'direct' },
    needs: 'to change servers; nothing is read first, and the storage never shrinks again',
    ...(!withAz && { notRun: 'not run: --with-az' }),
    async go(stand) {
      const az = new AzureCli(stand.lab);
      await az.signIn();
      stand.terminal.typed(`az ${args.join(' ')}`);
      await az.run(args);
    },
  };
}

const upgradedDirect: Way = {
  ...{ what: toLarger, how: 'databaseSkuUpgrade, clients direct', path: 'direct', promises: 'nothing lost' },
  needs: byWorker,
  go: (stand) => stand.run('databaseSkuUpgrade', { sku: larger, ...soon }),
};

const guidesEnvironment: Way = {
  ...{ what: toPooler, how: "the guide's kubectl set env …", path: 'direct' },
  needs: 'to change Deployments; the password is on the command line and in the Deployment',
  prepare: (stand) => guidePooler.make(stand),
  async go(stand) {
    const { password, pathname, username } = new URL(stand.directUrl);
    const url = `postgresql://${username}:${password}@${guidePooler.name}:5432${pathname}`;
    await stand.kubectl(['set', 'env', `deployment/${api}`, `DATABASE_URL=${url}`], { secret: password });
    await stand.kubectl(['rollout', 'status', `deployment/${api}`, '--timeout=180s']);
  },
  async tidy(stand) {
    await stand.kubectl(['rollout', 'undo', `deployment/${api}`]);
    await stand.kubectl(['rollout', 'status', `deployment/${api}`, '--timeout=180s']);
    await guidePooler.remove(stand);
  },
};

const cutOver: Way = {
  ...{ what: toPooler, how: 'pgbouncerCutover', path: 'direct', promises: 'nothing fails' },
  needs: byWorker,
  prepare: (stand) => stand.run('deployPgbouncer', soon),
  go: (stand) => stand.run('pgbouncerCutover', { deployment: api, ...briefly }),
  // Its own sessions would stand in the way of a replacement.
  tidy: (stand) => stand.run('pgbouncerCutover', { deployment: worker, ...briefly }),
};

const upgradedBehind: Way = {
  ...{ what: toLarger, how: 'databaseSkuUpgrade, behind PgBouncer', path: 'pooled', promises: 'nothing lost' },
  needs: byWorker,
  go: (stand) => stand.run('databaseSkuUpgrade', { sku: largest, ...soon }),
};

/** Undefined: as long as Azure takes, divided by the lab's factor. */
const promotionTakes = (seconds?: number) => async (stand: Stand) => {
  await stand.terminal.must('lab', ['time', 'promote', ...(seconds === undefined ? [] : [String(seconds)])]);
};

function replaced(operationSeconds: number): Way {
  return {
    ...{ what: toLarger, how: `databaseReplace, promotion of ${operationSeconds} s`, path: 'pooled' },
    ...{ promises: 'nothing fails', crossing: { by: 'runbook', operationSeconds }, needs: byWorker },
    prepare: promotionTakes(operationSeconds),
    async go(stand) {
      const [server, replacement] = [stand.primary, stand.nextServer()];
      const fields = { server, replacement, sku: largest, lagWindowSeconds: '5', ...soon };
      await stand.runApproved('databaseReplace', fields);
      stand.primary = replacement;
    },
  };
}

function scripted(operationSeconds: number): Way {
  return {
    ...{ what: toLarger, how: `a bare script, promotion of ${operationSeconds} s`, path: 'pooled' },
    crossing: { by: 'script', operationSeconds },
    needs:
      "to make and promote servers, PostgreSQL's administrator, PgBouncer's console, to read and write Secrets, to list pods: all at once, in one person's hands",
    prepare: promotionTakes(operationSeconds),
    go: bareScript,
  };
}

const rolled: Way = {
  ...{ what: toLarger, how: 'a hasty script: promote, then roll PgBouncer', path: 'pooled' },
  needs: 'to make and promote servers, to read and write the Secret pgbouncer, to restart its Deployment',
  prepare: promotionTakes(),
  go: promoteAndRoll,
};

/** What is typed when nobody has thought of the writes between the two: the old primary goes on taking them. */
async function promoteAndRoll(stand: Stand): Promise<void> {
  const replacement = stand.nextServer();
  const { properties } = await askAboutServer(stand.lab, 'GET', stand.primary);
  const host = await makeReplica(stand, stand.primary, replacement);
  await promote(stand, replacement);
  await untilReady(stand, replacement);
  await changeSecret(stand, 'pgbouncer', '.ini', properties.fullyQualifiedDomainName, host);
  await stand.kubectl(['rollout', 'restart', 'deployment/pgbouncer']);
  await stand.kubectl(['rollout', 'status', 'deployment/pgbouncer', '--timeout=180s']);
}
