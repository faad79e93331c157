/**
 * configureAutoscaling: how a deployment scales by itself.
 *
 * 1. The autoscaler, made or changed by a server-side apply under our own field manager; what other managers own is refused,
 *    or taken over by name. Undoing gives the former one back; or none, and as many pods as there were.
 *
 * Out of scope: metrics adapters, KEDA, node pools.
 */
import type {
  AutoscalingActivities,
  AutoscalingBefore,
  AutoscalingFacts,
  ScalingActivities,
} from '../../activities/deployments/contract';
import type { AutoscalerSpec, ConfigureAutoscalingInput } from '../../catalogue';
import { configureAutoscalingInput, describeAutoscaling, runbooks } from '../../catalogue';
import { changes, reads, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { autoscalerTarget, clientsOf, deploymentTarget, subjectOf } from '../deployments';
import { runbook } from '../runbook/runbook';
import type { AnyStep } from '../runbook/step';
import { change } from '../runbook/step';
import { autoscalerName, autoscalerSpec, findings, mayHaveLeft } from './decisions';

type Activities = AutoscalingActivities & ScalingActivities;
const read = reads<Activities>();
const act = changes<Activities>();
const check = verifications<Activities>();

export const definition: Runbook<ConfigureAutoscalingInput, AutoscalingFacts> = {
  name: 'configureAutoscaling',
  title: runbooks['configureAutoscaling']!.title,
  input: configureAutoscalingInput,
  subject: subjectOf,
  preflight: (wanted) =>
    read('preflight · read the autoscaler, its managers, its metrics').inspectAutoscaling({
      ...{ deployment: wanted.deployment, name: autoscalerName(wanted), to: autoscalerSpec(wanted) },
    }),
  targets: (_wanted, { namespace, deployment, name }) => [
    deploymentTarget(namespace, deployment),
    autoscalerTarget(namespace, name),
  ],
  findings,
  steps: (wanted, facts) => {
    const to = autoscalerSpec(wanted);
    return show(facts.now) === show(to) ? [] : [configure(wanted, facts, to)];
  },
  clients: (_wanted, { deployment, clientsAnswer }, topology) => clientsOf(deployment, clientsAnswer, topology),
};

export const configureAutoscaling = runbook(definition);

function configure(
  { timing, takeOver }: ConfigureAutoscalingInput,
  { namespace, deployment, name: autoscaler, now }: AutoscalingFacts,
  to: AutoscalerSpec,
): AnyStep {
  const name = `configure ${autoscaler}`;
  const deadlineSeconds = timing.operationTimeoutSeconds;
  const step = change<AutoscalerSpec | undefined, AutoscalingBefore>({
    ...{ name, resource: autoscalerTarget(namespace, autoscaler), from: now, to, show },
    ...{ reversibility: 'reversible', undoDisturbsClients: false, expectedSeconds: 30, impact: 'nothing' },
    read: () => read(`${name} · read it`).readAutoscaling({ name: autoscaler, deployment }),
    valueOf: (before) => before.spec,
    set: (spec, way, from) =>
      act(`${name} · ${way === 'forward' ? 'apply' : 'give back'}`, timing).changeAutoscaling({
        ...{ name: autoscaler, from, to: spec, deadlineSeconds },
        ...(way === 'forward' ? { takeOver } : {}),
      }),
    check: (spec, since) => check(`${name} · verify`, timing).verifyAutoscaling({ name: autoscaler, spec, since }),
  });
  // A former one decides again how many pods there are; without one nobody would.
  if (now) return step;
  return {
    ...step,
    undo: async (before: AutoscalingBefore) => {
      const gone = await step.undo!(before);
      return before.pods ? `${gone}; ${await putBack(before.pods)}` : gone;
    },
  };

  async function putBack({ replicas, ready }: NonNullable<AutoscalingBefore['pods']>): Promise<string> {
    const { replicas: left } = await read(`${name} · read the number of pods`).readReplicas({ deployment });
    // A number that it cannot have left is Drift: nobody expects it.
    const from = mayHaveLeft(to, left) ? left : replicas;
    await act(`${name} · back to ${replicas} pods`, timing).changeReplicas({
      ...{ deployment, from, to: replicas, deadlineSeconds },
    });
    // Pods that were not Ready before need not be now.
    if (!ready) return `${replicas} pods are asked for again`;
    return check(`${name} · verify ${replicas} pods`, timing).verifyReplicas({ deployment, replicas });
  }
}

function show(spec: AutoscalerSpec | undefined): string {
  return spec ? describeAutoscaling(spec) : 'no autoscaler';
}
