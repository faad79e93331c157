/**
 * databaseReplace: a primary behind PgBouncer is replaced by a server of another size, and no transaction fails.
 *
 * 1. A replica of the new size, with the parameters of its source; verified, and watched until it keeps up.
 * 2. Rollouts of the pooler held: nobody's replaces a pod from here on.
 * 3. Its address staged in every pod of the pooler, and tried from there; PgBouncer goes on with what it has loaded.
 * 4. The switchover, one activity: every pod paused, the old primary fenced, its last byte replayed, the replica promoted, every pod
 *    led there and resumed. The point of no return is the promotion; what fails before it leaves clients where they were.
 * 5. Rollouts of the pooler go on.
 * 6. The address where the application's URLs are: for who starts anew, and for deployPgbouncer.
 *
 * Going back, until the promotion: the fence is opened again if it is still there, what was staged is taken out, rollouts go on, the
 * replica is deleted. After the promotion the old server is kept, fenced.
 *
 * Out of scope: clients that do not come through the pool, a smaller size, another region, a way back after the promotion, deleting
 * the old server.
 */
import type { ClientPath } from '../../activities/clients/contract';
import type { Since } from '../../activities/deployments/contract';
import type {
  KnownAddress,
  Lead,
  ReplacementActivities,
  ReplacementFacts,
} from '../../activities/replacements/contract';
import type { ReplicaActivities } from '../../activities/replicas/contract';
import type { DatabaseReplaceInput, TargetKind } from '../../catalogue';
import { databaseReplaceInput, runbooks, targetOf } from '../../catalogue';
import { shortSku } from '../database-sku-upgrade/decisions';
import { carryRules, ruleSeconds, verifyRules } from '../firewall-rules';
import { changes, reads, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { runbook } from '../runbook/runbook';
import type { AnyStep } from '../runbook/step';
import { change } from '../runbook/step';
import { poolOf, rolesOf, settled, sizeOf, switchoverSeconds, workOf } from './decisions';
import { findings } from './findings';

const read = reads<ReplacementActivities & ReplicaActivities>();
const act = changes<ReplacementActivities & ReplicaActivities>();
const check = verifications<ReplacementActivities & ReplicaActivities>();

export const definition: Runbook<DatabaseReplaceInput, ReplacementFacts> = {
  name: 'databaseReplace',
  title: runbooks['databaseReplace']!.title,
  input: databaseReplaceInput,
  subject: ({ server, replacement }, topology) => `${server ?? topology.postgres.primary} by ${replacement}`,
  preflight: ({ server, replacement }, topology) =>
    read('preflight · read the primary, its surroundings, its pooler, who is on it').inspectReplacement({
      ...{ source: server ?? topology.postgres.primary, replica: replacement },
    }),
  targets: ({ replacement }, facts) => {
    const pool = poolOf(facts);
    return [
      ...[facts.database.primary.name, replacement].map((server) => targetOf('postgres', server)),
      ...(pool ? (['pooler', 'deployment', 'secret'] as const).map((kind) => inNamespace(kind, pool.name, facts)) : []),
      ...facts.addresses.map(({ secret }) => inNamespace('secret', secret, facts)),
    ];
  },
  findings,
  steps: (wanted, facts) => {
    const work = workOf(wanted, facts);
    return [
      ...(work.create ? [create(wanted, facts)] : []),
      ...(work.hold ? [rollouts('hold', wanted, facts)] : []),
      ...(work.stage ? [stage(wanted, facts)] : []),
      ...(work.switchOver ? [switchOver(wanted, facts)] : []),
      ...(work.letGo ? [rollouts('let go', wanted, facts)] : []),
      ...work.addresses.map((address) => publish(address, wanted, facts)),
    ];
  },
  clients: (_wanted, facts): ClientPath | undefined => (poolOf(facts) ? { kind: 'pooler' } : undefined),
  settled,
};

export const databaseReplace = runbook(definition);

/** Azure has to be seen idle for 60 s (promotion-fate.ts), maybe after a promotion has failed; then an operator is asked. */
const reopenSeconds = 180;
/** A pod that was made anew is there by then. */
const reopenedSeconds = 60;

/** Clients are left alone, also by taking it back. */
const calm = { reversibility: 'reversible' as const, undoDisturbsClients: false, impact: 'nothing' };

function identityOf({ replacement: replica }: DatabaseReplaceInput, { database }: ReplacementFacts) {
  return { source: database.primary.name, replica };
}

function create(wanted: DatabaseReplaceInput, facts: ReplacementFacts): AnyStep {
  const { timing, lagWindowSeconds: windowSeconds, sku } = wanted;
  const identity = identityOf(wanted, facts);
  const { database, firewallRules: rules = [] } = facts;
  const { primary } = database;
  const { tier } = sizeOf(wanted, facts)!;
  const name = `create ${identity.replica}`;
  const deadlineSeconds = timing.operationTimeoutSeconds;
  return change<boolean, Since & { exists: boolean }>({
    ...{ name, resource: targetOf('postgres', identity.replica), from: false, to: true, ...calm },
    // The base backup takes its time: some minutes, and more with the size of the data.
    expectedSeconds: 600 + ruleSeconds * rules.length + windowSeconds,
    detail: `${primary.storageGb} GiB in ${primary.location}; then ${windowSeconds} s under watch`,
    show: (exists) => (exists ? `replica of ${primary.name}, ${shortSku(sku)}` : 'absent'),
    read: () => read(`${name} · look for it`).readReplica(identity),
    valueOf: ({ exists }) => exists,
    set: async (exists, way) => {
      if (!exists) {
        const undo = way === 'back';
        return act(`${name} · delete it`, timing).deleteReplica({ ...identity, deadlineSeconds, undo });
      }
      const size = { sku, tier };
      await act(`${name} · ask Azure for it`, timing).createReplica({ ...identity, size, deadlineSeconds });
      await carryRules(name, { ...identity, rules }, timing);
      return act(`${name} · set its parameters`, timing).carryParameters({ ...identity, deadlineSeconds });
    },
    check: async (exists) => {
      if (!exists) return check(`${name} · verify that it is gone`, timing).verifyNoReplica(identity);
      const reached = await verifyRules(name, { ...identity, rules }, timing);
      const carried = await check(`${name} · verify its parameters`, timing).verifyParametersCarried(identity);
      const state = await check(`${name} · verify that it replicates`, timing).verifyReplica(identity);
      const lag = await act(`${name} · watch its lag for ${windowSeconds} s`, timing).verifyLag({
        ...{ ...identity, windowSeconds, deadlineSeconds: timing.verificationTimeoutSeconds + windowSeconds },
      });
      return `${reached}${carried}; ${state}; ${lag}`;
    },
  });
}

function rollouts(order: 'hold' | 'let go', { timing }: DatabaseReplaceInput, facts: ReplacementFacts): AnyStep {
  const pool = poolOf(facts)!;
  const to = order === 'hold';
  const name = to ? `hold rollouts of ${pool.name}` : `let rollouts of ${pool.name} go on`;
  return change<boolean, Since & { held: boolean }>({
    ...{ name, resource: inNamespace('deployment', pool.name, facts), from: !to, to, ...calm, expectedSeconds: 2 },
    detail: to
      ? 'nobody’s rollout replaces a pod in the middle of it'
      : 'what somebody has changed meanwhile is rolled out',
    show: (held) => (held ? 'held' : 'go on'),
    read: () => read(`${name} · read the Deployment`).readRolloutHold(),
    valueOf: ({ held }) => held,
    set: (held, _way, from) =>
      act(`${name} · ${held ? 'pause' : 'resume'} the Deployment`, timing).changeRolloutHold({
        ...{ from, to: held, deadlineSeconds: timing.operationTimeoutSeconds },
      }),
    check: (held) => check(`${name} · verify`, timing).verifyRolloutHold({ held }),
  });
}

function stage(wanted: DatabaseReplaceInput, facts: ReplacementFacts): AnyStep {
  const { timing } = wanted;
  const identity = identityOf(wanted, facts);
  const pool = poolOf(facts)!;
  const loaded = pool.host!;
  const name = `stage ${identity.replica} in ${pool.name}`;
  const deadlineSeconds = timing.operationTimeoutSeconds;
  return change<Pick<Lead, 'to' | 'own'>, Lead>({
    ...{ name, resource: inNamespace('secret', pool.name, facts), ...calm },
    ...{ from: { to: loaded }, to: { to: identity.replica } },
    // Kubelets look for changed Secrets once a minute.
    expectedSeconds: 90,
    detail: `in each of its ${pool.pods.length} pods, which go on with what they have loaded`,
    show: ({ to }) => `leads to ${to}`,
    read: () => read(`${name} · read what its pods have mounted`).readStagedHost(identity),
    valueOf: (before) => before,
    // `own` is known on the way back: the replica may be gone by then.
    set: async ({ to, own }, way, { to: from }) => {
      await act(`${name} · write it`, timing).changeStagedHost({ ...identity, own, from, to, deadlineSeconds });
      if (way === 'back') {
        await act(`${name} · look whether a pod has taken it`, timing).reloadFormerHost({
          ...{ host: to, deadlineSeconds: timing.verificationTimeoutSeconds },
        });
      }
    },
    check: ({ to }) => check(`${name} · verify in every pod`, timing).verifyStagedHost({ ...identity, to, loaded }),
  });
}

function switchOver(wanted: DatabaseReplaceInput, facts: ReplacementFacts): AnyStep {
  const { timing } = wanted;
  const identity = identityOf(wanted, facts);
  const { source, replica } = identity;
  const pool = poolOf(facts)!;
  const roles = rolesOf(facts);
  const name = `switch over to ${replica}`;
  let told = '';
  return change<boolean, Since & { primary: boolean }>({
    ...{ name, resource: targetOf('postgres', replica), from: false, to: true },
    ...{ reversibility: 'irreversible', undoDisturbsClients: true },
    // A promotion was recorded with 30 s; all else takes a second.
    expectedSeconds: 31,
    impact: `behind ${pool.name}: wait while Azure promotes, ≤ ${switchoverSeconds} s`,
    detail: `the promotion is the point of no return; before it, ${roles.join(', ')} may not log in to ${source} any more`,
    // What is read: that clients are there is verified.
    show: (primary) => (primary ? 'primary' : `replica of ${source}`),
    read: () => read(`${name} · read whether it is promoted`).readRole(identity),
    valueOf: ({ primary }) => primary,
    set: async () => {
      const deadlineSeconds = timing.operationTimeoutSeconds;
      told = await act(`${name} · pause, fence, promote, lead, resume`, timing).switchOver({
        ...{ ...identity, roles, deadlineSeconds },
      });
    },
    check: async () => {
      const evidence = await check(`${name} · verify`, timing).verifySwitchover({ ...identity, roles });
      return [evidence, told].filter(Boolean).join('; ');
    },
    abandon: async () => {
      const soon = { ...timing, operationTimeoutSeconds: reopenSeconds, verificationTimeoutSeconds: reopenedSeconds };
      await act(`${name} · lead clients back to ${source}`, soon).reopenSource({
        ...{ ...identity, roles, deadlineSeconds: reopenSeconds, undo: true },
      });
      return check(`${name} · verify that ${source} is open`, soon).verifySourceOpen({ ...identity, roles });
    },
  });
}

function publish({ secret, key, host }: KnownAddress, wanted: DatabaseReplaceInput, facts: ReplacementFacts): AnyStep {
  const { timing } = wanted;
  const identity = identityOf(wanted, facts);
  const name = `publish ${identity.replica} in ${secret}/${key}`;
  const of = { ...identity, secret, key };
  return change<string, Lead>({
    ...{
      name,
      resource: inNamespace('secret', secret, facts),
      from: host,
      to: identity.replica,
      ...calm,
      expectedSeconds: 5,
    },
    // The former primary is closed: whoever was led back to it could not log in.
    reversibility: 'irreversible',
    detail: 'for who starts anew, and for deployPgbouncer',
    show: (to) => `${key} leads to ${to}`,
    read: () => read(`${name} · read ${key}`).readServerAddress(of),
    valueOf: ({ to }) => to,
    set: (to, _way, from) =>
      act(`${name} · write ${key}`, timing).changeServerAddress({
        ...{ ...of, from, to, deadlineSeconds: timing.operationTimeoutSeconds },
      }),
    check: (to) => check(`${name} · verify`, timing).verifyServerAddress({ ...of, to }),
  });
}

function inNamespace(kind: TargetKind, name: string, facts: ReplacementFacts): string {
  return targetOf(kind, `${poolOf(facts)?.namespace ?? ''}.${name}`);
}
