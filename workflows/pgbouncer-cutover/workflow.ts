/**
 * pgbouncerCutover: a deployment reaches the primary through PgBouncer.
 *
 * 1. The URL through the pool, under a key of its own in the application's Secret. The direct one stays, for migrations.
 * 2. The autoscaler is pinned to the number of pods that there are.
 * 3. One pod goes first: a rolling update that goes no further by itself. It is compared with its siblings for a while.
 * 4. The rest; done when the deployment has no session of its own on the primary, and no client waits for a second in any pool.
 * 5. The autoscaler gets its limits back.
 *
 * Going back: the former template, pod by pod, then the key.
 *
 * Out of scope: the pooler itself (deployPgbouncer), migrations, what an application must change for a pool.
 */
import type { CutoverActivities, CutoverFacts, PathState, Published } from '../../activities/cutover/contract';
import type { Bounds, BoundsBefore, ScalingActivities, Since } from '../../activities/deployments/contract';
import type { PgbouncerCutoverInput } from '../../catalogue';
import { pgbouncerCutoverInput, runbooks, targetOf } from '../../catalogue';
import { autoscalerTarget, clientsOf, deploymentTarget, restartsSince, subjectOf } from '../deployments';
import { changes, reads, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { runbook } from '../runbook/runbook';
import type { AnyStep } from '../runbook/step';
import { change } from '../runbook/step';
import { findings, heldPath, isPooled, moving, pooledReference } from './decisions';

type Activities = CutoverActivities & ScalingActivities;
const read = reads<Activities>();
const act = changes<Activities>();
const check = verifications<Activities>();

export const definition: Runbook<PgbouncerCutoverInput, CutoverFacts> = {
  name: 'pgbouncerCutover',
  title: runbooks['pgbouncerCutover']!.title,
  input: pgbouncerCutoverInput,
  subject: subjectOf,
  preflight: ({ deployment }) =>
    read('preflight · read the deployment, every pod of the pooler, sessions').inspectCutover({ deployment }),
  targets: (_wanted, facts) => [
    deploymentTarget(facts.namespace, facts.deployment),
    secretOf(facts),
    targetOf('pooler', `${facts.namespace}.${facts.pooler}`),
    targetOf('postgres', facts.server),
    ...facts.autoscalers.map(({ name }) => autoscalerTarget(facts.namespace, name)),
  ],
  findings,
  steps: (wanted, facts) => {
    const publishing = facts.published === 'absent' ? [publish(wanted, facts)] : [];
    if (isPooled(facts)) return publishing;
    const autoscaler = moving(facts);
    if (!autoscaler) return [...publishing, canary(wanted, facts), complete(wanted, facts)];
    const { min, max } = autoscaler;
    const pinned = { min: facts.replicas, max: facts.replicas };
    const bounds = (name: string, from: Bounds, to: Bounds) =>
      setBounds(wanted, facts, { name, autoscaler: autoscaler.name, from, to });
    return [
      ...publishing,
      bounds('pin', { min, max }, pinned),
      canary(wanted, facts),
      complete(wanted, facts),
      bounds('let go', pinned, { min, max }),
    ];
  },
  clients: (_wanted, { deployment, clientsAnswer }, topology) => clientsOf(deployment, clientsAnswer, topology),
  settled: (_wanted, before, after) => ({
    problems: [
      ...restartsSince(before.restarts, after.restarts),
      ...(after.published === 'current'
        ? []
        : [`${after.pooledKey} of ${after.secret} is not the URL through the pool`]),
      ...after.poolers.flatMap(({ pod, problem }) => (problem === undefined ? [] : [`${pod}: ${problem}`])),
    ],
    evidence: [],
  }),
};

export const pgbouncerCutover = runbook(definition);

/** Graceful pods leave and come without a failed request; taking it back is no worse. */
const calm = { reversibility: 'reversible' as const, undoDisturbsClients: false, impact: 'nothing' };

function publish({ deployment, timing }: PgbouncerCutoverInput, facts: CutoverFacts): AnyStep {
  const { secret, pooledKey, pooler } = facts;
  const name = `publish address of ${pooler} in ${secret}`;
  const shown = {
    current: `${pooledKey} leads to ${pooler}`,
    other: `another ${pooledKey}`,
    absent: `no ${pooledKey}`,
  };
  return change<Published, Since & { published: Published }>({
    ...{ name, resource: secretOf(facts), from: 'absent', to: 'current', ...calm, expectedSeconds: 5 },
    show: (published) => shown[published],
    read: () => read(`${name} · read ${pooledKey}`).readPooledAddress({ deployment }),
    valueOf: ({ published }) => published,
    set: (to, _way, from) =>
      act(`${name} · ${to === 'current' ? 'write' : 'remove'} ${pooledKey}`, timing).changePooledAddress({
        ...{ deployment, from, to, deadlineSeconds: timing.operationTimeoutSeconds },
      }),
    check: (published) => check(`${name} · verify`, timing).verifyPooledAddress({ deployment, published }),
  });
}

/**
 * Pinned, an autoscaler neither adds pods of the new template nor takes any of the old: to the number that was planned with. Where there are
 * others by then (somebody had paused the run before), pinning would take pods away, and is Drift.
 */
function setBounds(
  { deployment, timing }: PgbouncerCutoverInput,
  facts: CutoverFacts,
  { name: verb, autoscaler, from, to }: { name: string; autoscaler: string; from: Bounds; to: Bounds },
): AnyStep {
  const name = `${verb} ${autoscaler}`;
  return change<Bounds & { pods?: number }, BoundsBefore>({
    ...{ name, resource: autoscalerTarget(facts.namespace, autoscaler), from, to, ...calm, expectedSeconds: 10 },
    show: ({ min, max, pods }) => `min ${min}, max ${max}${pods === undefined ? '' : `, at ${pods} pods`}`,
    read: () =>
      read(`${name} · read its limits`).readBounds({ autoscaler, ...(to.min === to.max ? { deployment } : {}) }),
    valueOf: ({ bounds, pods = facts.replicas }) => (pods === facts.replicas ? bounds : { ...bounds, pods }),
    set: (bounds, _way, instead) =>
      act(`${name} · to ${bounds.min} to ${bounds.max}`, timing).changeBounds({
        ...{ autoscaler, from: instead, to: bounds, deadlineSeconds: timing.operationTimeoutSeconds },
      }),
    check: (bounds, since) => check(`${name} · verify`, timing).verifyBounds({ autoscaler, deployment, bounds, since }),
  });
}

function canary(wanted: PgbouncerCutoverInput, facts: CutoverFacts): AnyStep {
  const { deployment, timing, canarySeconds: seconds } = wanted;
  const name = `lead one pod of ${deployment}`;
  return change<PathState, Since & { state: PathState }>({
    ...{ ...ofPath(name, wanted, facts), from: facts.path, to: heldPath(pooledReference(facts)) },
    ...{ expectedSeconds: 30 + seconds, detail: `then ${seconds} s beside its siblings` },
    check: async (state, since) => {
      if (!since) return check(`${name} · verify that all are back`, timing).verifyPath({ deployment, state });
      const one = await check(`${name} · verify that it is one`, timing).verifyCanary({ deployment, state, since });
      const compared = await act(`${name} · compare it for ${seconds} s`, {
        ...{ ...timing, operationTimeoutSeconds: timing.verificationTimeoutSeconds + seconds },
      }).verifyComparison({ deployment, seconds });
      return `${one}; ${compared}`;
    },
  });
}

function complete(wanted: PgbouncerCutoverInput, facts: CutoverFacts): AnyStep {
  const { deployment, timing, watchSeconds: seconds } = wanted;
  const name = `lead the rest of ${deployment}`;
  const reference = pooledReference(facts);
  return change<PathState, Since & { state: PathState }>({
    ...{ ...ofPath(name, wanted, facts), from: heldPath(reference), to: { ...facts.path, reference } },
    ...{ expectedSeconds: 120 + seconds, detail: `a rolling update; then the pools are watched for ${seconds} s` },
    check: async (state, since) => {
      if (!since) return check(`${name} · verify its rules`, timing).verifyCanary({ deployment, state });
      const all = await check(`${name} · verify its sessions`, timing).verifyPath({ deployment, state, since });
      const deadlineSeconds = timing.verificationTimeoutSeconds + seconds;
      const pools = await act(`${name} · watch the pools for ${seconds} s`, {
        ...{ ...timing, operationTimeoutSeconds: deadlineSeconds },
      }).verifyPools({ deployment, seconds, deadlineSeconds });
      return `${all}; ${pools}`;
    },
  });
}

function ofPath(name: string, { deployment, timing }: PgbouncerCutoverInput, facts: CutoverFacts) {
  return {
    ...{ name, resource: deploymentTarget(facts.namespace, deployment), ...calm },
    show: (state: PathState) => showPath(facts.variable, state),
    read: () => read(`${name} · read its template`).readPath({ deployment }),
    valueOf: ({ state }: { state: PathState }) => state,
    set: (to: PathState, _way: unknown, from: PathState) =>
      act(`${name} · ${facts.variable} from ${to.reference ?? 'elsewhere'}`, timing).changePath({
        ...{ deployment, from, to, deadlineSeconds: timing.operationTimeoutSeconds },
      }),
  };
}

function showPath(variable: string, state: PathState): string {
  const { reference = 'elsewhere', maxSurge, maxUnavailable, minReadySeconds, progressDeadlineSeconds } = state;
  return `${variable} from ${reference} (surge ${maxSurge}, unavailable ${maxUnavailable}, ready after ${minReadySeconds} s, within ${progressDeadlineSeconds} s)`;
}

function secretOf({ namespace, secret }: CutoverFacts): string {
  return targetOf('secret', `${namespace}.${secret}`);
}
