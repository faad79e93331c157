/**
 * databaseSkuUpgrade: another size for a PostgreSQL flexible server and its replicas.
 *
 * 1. Where clients come through a pooler of ours that would not let them wait for the restart: now it does, until all have their new size.
 * 2. Compute, together with the parameters that share its restart: replicas first on the way up, the primary first on the way
 *    down. Each step is one restart of one server; undoing it is another.
 * 3. Storage, replicas before the primary. It can never shrink again, so it comes last and is approved by name.
 *
 * Out of scope: high availability mode, IOPS and performance tiers, version upgrades.
 */
import type { ClientPath } from '../../activities/clients/contract';
import type {
  Compute,
  ComputeBefore,
  DatabaseActivities,
  DatabaseFacts,
  PoolerFacts,
} from '../../activities/database/contract';
import type { Since } from '../../activities/deployments/contract';
import type { Patience, PatienceActivities } from '../../activities/poolers/contract';
import type { DatabaseSkuUpgradeInput, Timing } from '../../catalogue';
import { databaseSkuUpgradeInput, runbooks, targetOf } from '../../catalogue';
import { changes, reads, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { runbook } from '../runbook/runbook';
import type { AnyStep } from '../runbook/step';
import { change } from '../runbook/step';
import type { ComputeStep, StorageStep } from './decisions';
import { computeSteps, expectedStallSeconds, patienceFor, showCompute, showPatience, storageSteps } from './decisions';
import { findings } from './findings';

const read = reads<DatabaseActivities & PatienceActivities>();
const act = changes<DatabaseActivities & PatienceActivities>();
const check = verifications<DatabaseActivities & PatienceActivities>();

export const definition: Runbook<DatabaseSkuUpgradeInput, DatabaseFacts> = {
  name: 'databaseSkuUpgrade',
  title: runbooks['databaseSkuUpgrade']!.title,
  input: databaseSkuUpgradeInput,
  subject: (wanted, topology) => `${wanted.server ?? topology.postgres.primary} (${topology.azure.resourceGroup})`,
  preflight: (wanted, topology) =>
    read('preflight · read servers, sizes, backups').inspectDatabase({
      server: wanted.server ?? topology.postgres.primary,
    }),
  targets: (wanted, facts) => {
    const { primary, replicas, pooler } = facts;
    return [
      ...[primary, ...replicas].map((server) => targetOf('postgres', server.name)),
      // Nobody changes it, or leads clients there, while the server behind it goes and comes.
      ...(pooler ? [targetOf('pooler', `${pooler.namespace}.${pooler.name}`)] : []),
      ...(pooler && patienceFor(wanted, facts) ? [configurationOf(pooler)] : []),
    ];
  },
  findings,
  steps: (wanted, facts) => {
    const { timing } = wanted;
    const { pooler } = facts;
    const patience = patienceFor(wanted, facts);
    return [
      ...(pooler && patience ? [wait('let', pooler, patience, timing)] : []),
      ...computeSteps(wanted, facts).map((step) => scale(step, facts, timing)),
      ...(pooler && patience ? [wait('no longer let', pooler, { from: patience.to, to: patience.from }, timing)] : []),
      ...storageSteps(wanted, facts).map((step) => grow(step, facts, timing)),
    ];
  },
  clients: (_wanted, { primary, pooler }): ClientPath => {
    const direct: ClientPath = { kind: 'postgres', server: primary.name };
    // Who comes through it and who does not is not known: what either notices counts.
    const isPooled = pooler?.pods.some(({ problem }) => problem === undefined) ?? false;
    return isPooled ? { kind: 'every', paths: [{ kind: 'pooler' }, direct] } : direct;
  },
};

export const databaseSkuUpgrade = runbook(definition);

function configurationOf({ namespace, name }: PoolerFacts): string {
  return targetOf('secret', `${namespace}.${name}`);
}

/** By the file that its pods have mounted, and a RELOAD: no pod is replaced, no connection ends. */
function wait(
  verb: 'let' | 'no longer let',
  pooler: PoolerFacts,
  { from, to }: { from: Patience; to: Patience },
  timing: Timing,
): AnyStep {
  const name = `${verb} clients of ${pooler.name} wait`;
  const deadlineSeconds = timing.verificationTimeoutSeconds;
  return change<Patience, Since & { patience: Patience }>({
    ...{ name, resource: configurationOf(pooler), from, to, show: showPatience },
    ...{ reversibility: 'reversible', undoDisturbsClients: false, impact: 'nothing' },
    // Kubelets look for changed Secrets once a minute.
    expectedSeconds: 90,
    detail: `in each of its ${pooler.pods.length} pods, by a RELOAD`,
    read: () => read(`${name} · read its configuration`).readPatience(),
    valueOf: ({ patience }) => patience,
    set: async (patience, _way, instead) => {
      await act(`${name} · write it`, timing).changePatience({
        ...{ from: instead, to: patience, deadlineSeconds: timing.operationTimeoutSeconds },
      });
      await act(`${name} · let every pod load it`, timing).loadPatience({ patience, deadlineSeconds });
    },
    check: (patience) => check(`${name} · verify in every pod`, timing).verifyPatience({ patience }),
  });
}

function scale({ server, from, to }: ComputeStep, { primary }: DatabaseFacts, timing: Timing): AnyStep {
  const name = `scale ${server === primary ? 'primary' : server.name}`;
  const stall = expectedStallSeconds(primary);
  return change<Compute, ComputeBefore>({
    name,
    resource: targetOf('postgres', server.name),
    from,
    to,
    show: showCompute,
    reversibility: 'reversible',
    undoDisturbsClients: true,
    // Azure says 5–10 minutes for a compute change.
    expectedSeconds: 360,
    impact: server === primary ? `all: ≤ ${stall} s` : `its reads: ≤ ${stall} s`,
    read: () =>
      read(`${name} · read the size`).readCompute({ server: server.name, parameters: Object.keys(to.parameters) }),
    valueOf: (before) => before.compute,
    set: (compute, way) =>
      act(`${name} · change to ${showCompute(compute)}`, timing).changeCompute({
        server: server.name,
        compute,
        deadlineSeconds: timing.operationTimeoutSeconds,
        undo: way === 'back',
      }),
    check: (compute, since) =>
      check(`${name} · verify ${showCompute(compute)}`, timing).verifyCompute({ server: server.name, compute, since }),
  });
}

function grow({ server, fromGb, toGb }: StorageStep, { primary }: DatabaseFacts, timing: Timing): AnyStep {
  const name = `grow ${server === primary ? 'primary' : server.name}`;
  return change<number, { storageGb: number }>({
    name,
    resource: targetOf('postgres', server.name),
    from: fromGb,
    to: toGb,
    show: (size) => `${size} GiB`,
    reversibility: 'irreversible',
    undoDisturbsClients: false,
    expectedSeconds: 60,
    impact: 'nothing; own approval',
    read: () => read(`${name} · read the storage`).readStorage({ server: server.name }),
    valueOf: ({ storageGb }) => storageGb,
    set: (storageGb) =>
      act(`${name} · grow to ${storageGb} GiB`, timing).growStorage({
        server: server.name,
        storageGb,
        deadlineSeconds: timing.operationTimeoutSeconds,
      }),
    check: (storageGb) =>
      check(`${name} · verify ${storageGb} GiB`, timing).verifyStorage({ server: server.name, storageGb }),
  });
}
