/**
 * scaleDeployment: more or fewer pods of a deployment.
 *
 * 1. Where each pod's connection pool must shrink: a rolling update with the smaller one, before pods are added.
 * 2. The number of pods, told to whoever owns it: the autoscaler's floor (and ceiling), else the deployment.
 * 3. Where the pool may grow: a rolling update with the larger one, when the pods are gone.
 *
 * Out of scope: making or removing an autoscaler (configureAutoscaling), sizes of pods (resizeDeployment), nodes.
 */
import type {
  AutoscalerFacts,
  Bounds,
  BoundsBefore,
  DeploymentActivities,
  DeploymentFacts,
  ReplicasBefore,
  VariableBefore,
} from '../../activities/deployments/contract';
import type { ScaleDeploymentInput, Timing, Topology } from '../../catalogue';
import { runbooks, scaleDeploymentInput } from '../../catalogue';
import { changes, reads, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { autoscalerTarget, clientsOf, deploymentIn, deploymentTarget, subjectOf } from '../deployments';
import { runbook } from '../runbook/runbook';
import type { AnyStep } from '../runbook/step';
import { change } from '../runbook/step';
import { boundsAfter, podsAdded, poolMoment } from './decisions';
import { findings } from './findings';
import { settled } from './settled';

const read = reads<DeploymentActivities>();
const act = changes<DeploymentActivities>();
const check = verifications<DeploymentActivities>();

export const definition: Runbook<ScaleDeploymentInput, DeploymentFacts> = {
  name: 'scaleDeployment',
  title: runbooks['scaleDeployment']!.title,
  input: scaleDeploymentInput,
  subject: subjectOf,
  preflight: ({ deployment }) =>
    read('preflight · read pods, owners, nodes, connections').inspectDeployment({ deployment }),
  targets: (_wanted, { namespace, name, autoscalers }) => [
    deploymentTarget(namespace, name),
    ...autoscalers.map((autoscaler) => autoscalerTarget(namespace, autoscaler.name)),
  ],
  findings,
  steps: (wanted, facts, topology) => {
    const pool = poolMoment(wanted, facts) === 'never' ? [] : [resizePool(wanted, facts)];
    const scaling = scale(wanted, facts, topology);
    return poolMoment(wanted, facts) === 'before' ? [...pool, ...scaling] : [...scaling, ...pool];
  },
  clients: (_wanted, { name, clientsAnswer }, topology) => clientsOf(name, clientsAnswer, topology),
  settled,
  costChangePerHour: (wanted, facts, topology) => {
    const each = deploymentIn(topology, facts.name)?.costPerPodHour;
    return each === undefined ? undefined : each * podsAdded(wanted, facts);
  },
};

export const scaleDeployment = runbook(definition);

function scale(wanted: ScaleDeploymentInput, facts: DeploymentFacts, topology: Topology): AnyStep[] {
  const [autoscaler] = facts.autoscalers;
  if (!autoscaler) return facts.replicas === wanted.replicas ? [] : [scalePods(wanted, facts)];
  const to = boundsAfter(autoscaler, wanted, deploymentIn(topology, facts.name)?.replicas.autoscalerMax);
  return showBounds(autoscaler) === showBounds(to) ? [] : [scaleBounds(wanted, facts, autoscaler, to)];
}

/** Graceful pods leave and come without a failed request; taking it back is no worse. */
const calm = {
  ...{ reversibility: 'reversible' as const, undoDisturbsClients: false, impact: 'nothing' },
  expectedSeconds: 60,
};

function scalePods({ replicas, timing }: ScaleDeploymentInput, facts: DeploymentFacts): AnyStep {
  const { name: deployment } = facts;
  const name = `scale ${deployment}`;
  return change<number, ReplicasBefore>({
    ...{
      name,
      resource: deploymentTarget(facts.namespace, deployment),
      from: facts.replicas,
      to: replicas,
      ...calm,
      ...queuesIn(facts),
    },
    show: (pods) => `${pods} pods`,
    read: () => read(`${name} · read the number of pods`).readReplicas({ deployment }),
    valueOf: (before) => before.replicas,
    set: (to, _way, from) =>
      act(`${name} · to ${to} pods`, timing).changeReplicas({ deployment, from, to, ...deadlineOf(timing) }),
    check: (pods, since) =>
      check(`${name} · verify ${pods} pods`, timing).verifyReplicas({ deployment, replicas: pods, since }),
  });
}

function scaleBounds(
  { timing }: ScaleDeploymentInput,
  facts: DeploymentFacts,
  now: AutoscalerFacts,
  to: Bounds,
): AnyStep {
  const { name: deployment } = facts;
  const { name: autoscaler, min, max } = now;
  const name = `scale ${deployment}`;
  return change<Bounds, BoundsBefore>({
    ...{
      name,
      resource: autoscalerTarget(facts.namespace, autoscaler),
      from: { min, max },
      to,
      ...calm,
      ...queuesIn(facts),
    },
    show: showBounds,
    read: () => read(`${name} · read the limits of ${autoscaler}`).readBounds({ autoscaler }),
    valueOf: (before) => before.bounds,
    set: (bounds, _way, from) =>
      act(`${name} · to ${showBounds(bounds)}`, timing).changeBounds({
        ...{ autoscaler, from, to: bounds, ...deadlineOf(timing) },
      }),
    check: (bounds, since) =>
      check(`${name} · verify ${showBounds(bounds)}`, timing).verifyBounds({ autoscaler, deployment, bounds, since }),
  });
}

function resizePool({ poolSize, timing }: ScaleDeploymentInput, facts: DeploymentFacts): AnyStep {
  const { name: deployment } = facts;
  const { variable, size, set } = facts.pool!;
  const name = `resize pool of ${deployment}`;
  return change<string | undefined, VariableBefore>({
    ...{
      name,
      resource: deploymentTarget(facts.namespace, deployment),
      ...calm,
      detail: 'a rolling update: every pod is replaced',
    },
    from: set ? String(size) : undefined,
    to: String(poolSize),
    show: (value) => `${value ?? `${size} (not set)`} a pod`,
    read: () => read(`${name} · read ${variable}`).readVariable({ deployment, variable }),
    valueOf: (before) => before.value,
    set: (to, _way, from) =>
      act(`${name} · ${variable} to ${to ?? 'nothing'}`, timing).changeVariable({
        ...{ deployment, variable, from, to, ...deadlineOf(timing) },
      }),
    check: (value, since) =>
      check(`${name} · verify ${variable}`, timing).verifyVariable({ deployment, variable, value, since }),
  });
}

function showBounds({ min, max }: Bounds): string {
  return `min ${min}, max ${max}`;
}

/** What the pods are to drain, for the plan. */
function queuesIn({ queues }: DeploymentFacts): { detail?: string } {
  if (queues.length === 0) return {};
  return { detail: `waiting now: ${queues.map(({ name, length }) => `${name} ${length}`).join(', ')}` };
}

function deadlineOf({ operationTimeoutSeconds }: Timing): { deadlineSeconds: number } {
  return { deadlineSeconds: operationTimeoutSeconds };
}
