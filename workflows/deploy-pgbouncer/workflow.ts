/**
 * deployPgbouncer: the pooler of the topology, made, or changed where it is there already. No application is led to it
 * (pgbouncerCutover does that).
 *
 * 1. Its configuration and who may log in, in a Secret.
 * 2. The Service, and the disruption budget.
 * 3. Its pods, by a rolling update; each is tried: a login as the application and a transaction that writes and is rolled back,
 *    over TLS, to the primary; and it shows the configuration that was written.
 *
 * Going back removes what this run made, and gives what it changed its former form.
 *
 * Out of scope: leading applications to it, other roles and databases than the application's, TLS towards the clients.
 */
import type { ClientPath } from '../../activities/clients/contract';
import type {
  ObjectBefore,
  ObjectState,
  PoolerActivities,
  PoolerFacts,
  PoolerKind,
  PoolerSettings,
} from '../../activities/poolers/contract';
import type { DeployPgbouncerInput, PlannedStep } from '../../catalogue';
import { deployPgbouncerInput, runbooks, targetOf } from '../../catalogue';
import { changes, reads, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { runbook } from '../runbook/runbook';
import type { AnyStep } from '../runbook/step';
import { change } from '../runbook/step';
import { changedSettings, findings } from './decisions';

const read = reads<PoolerActivities>();
const act = changes<PoolerActivities>();
const check = verifications<PoolerActivities>();

export const definition: Runbook<DeployPgbouncerInput, PoolerFacts> = {
  name: 'deployPgbouncer',
  title: runbooks['deployPgbouncer']!.title,
  input: deployPgbouncerInput,
  subject: (_wanted, { kubernetes }) =>
    `${kubernetes?.pooler?.name ?? 'no pooler'} (${kubernetes?.namespace ?? 'no namespace'})`,
  preflight: (wanted) =>
    read('preflight · read the pooler, the login, connections, nodes').inspectPooler({ settings: settingsOf(wanted) }),
  // Its pods open connections to the primary, and are tried with a transaction there.
  targets: (_wanted, { namespace, name, server }) => [
    targetOf('pooler', `${namespace}.${name}`),
    targetOf('postgres', server),
    ...kinds.map((kind) => resourceOf(kind, namespace, name)),
  ],
  findings,
  steps: (wanted, facts) =>
    kinds
      .filter((kind) => facts.objects[kind].now !== facts.objects[kind].wanted)
      .map((kind) => make(kind, wanted, facts)),
  // Its pools come beside the applications' own connections: whether these suffer is measured on their way. Its own clients are
  // measured where they get in before and after: a login that changes fails for a while, one that fails already says nothing new.
  clients: (_wanted, { server, serves }) => {
    const direct: ClientPath = { kind: 'postgres', server };
    return serves ? { kind: 'every', paths: [{ kind: 'pooler' }, direct] } : direct;
  },
};

export const deployPgbouncer = runbook(definition);

const kinds: PoolerKind[] = ['Secret', 'Service', 'PodDisruptionBudget', 'Deployment'];

const names: Record<PoolerKind, string> = {
  ...{ Secret: 'configure', Service: 'publish', PodDisruptionBudget: 'protect', Deployment: 'roll out' },
};

function make(kind: PoolerKind, wanted: DeployPgbouncerInput, facts: PoolerFacts): AnyStep {
  const { timing } = wanted;
  const { namespace, name: pooler, objects } = facts;
  const name = `${names[kind]} ${pooler}`;
  const settings = settingsOf(wanted);
  const { now, wanted: shown } = objects[kind];
  return change<ObjectState | undefined, ObjectBefore>({
    ...{ name, resource: resourceOf(kind, namespace, pooler) },
    ...{ from: now === undefined ? undefined : { shown: now }, to: { shown } },
    ...{ show: showState, reversibility: 'reversible', ...faceOf(kind, settings, facts) },
    read: () => read(`${name} · read the ${kind}`).readPoolerObject({ kind, settings }),
    valueOf: ({ state }) => state,
    set: (to, way, from) =>
      act(`${name} · ${way === 'forward' ? 'write' : 'give back'} the ${kind}`, timing).changePoolerObject({
        ...{ kind, settings, from, to, deadlineSeconds: timing.operationTimeoutSeconds },
      }),
    check: (state, since) =>
      check(`${name} · verify`, timing).verifyPoolerObject({ kind, settings, shown: state?.shown, since }),
  });
}

/** What the plan says of it. Pods of a pooler that is in use take their clients with them. */
function faceOf(
  kind: PoolerKind,
  settings: PoolerSettings,
  facts: PoolerFacts,
): Pick<PlannedStep, 'detail' | 'expectedSeconds' | 'impact'> & { undoDisturbsClients: boolean } {
  const calm = { undoDisturbsClients: false, impact: 'nothing', expectedSeconds: 5 };
  if (kind === 'Secret') {
    const { poolSize, maxClientConnections } = settings;
    const all = `pools of ${poolSize}, at most ${maxClientConnections} clients a pod, transaction mode, verify-full`;
    return { ...calm, detail: [all, ...changedSettings(settings, facts).map(({ words }) => words)].join('; ') };
  }
  if (kind !== 'Deployment') return calm;
  return facts.objects.Deployment.now !== undefined
    ? { undoDisturbsClients: true, impact: 'its clients connect again', expectedSeconds: 180 }
    : { ...calm, expectedSeconds: 60 };
}

function settingsOf(wanted: DeployPgbouncerInput): PoolerSettings {
  const { poolSize, maxClientConnections, serverLoginRetrySeconds, queryWaitTimeoutSeconds, ignoreStartupParameters } =
    wanted;
  return { poolSize, maxClientConnections, serverLoginRetrySeconds, queryWaitTimeoutSeconds, ignoreStartupParameters };
}

function resourceOf(kind: PoolerKind, namespace: string, name: string): string {
  const resource = { Secret: 'secret', Service: 'service', Deployment: 'deployment' } as const;
  return targetOf(kind === 'PodDisruptionBudget' ? 'poddisruptionbudget' : resource[kind], `${namespace}.${name}`);
}

function showState(state: ObjectState | undefined): string {
  return state?.shown ?? 'absent';
}
