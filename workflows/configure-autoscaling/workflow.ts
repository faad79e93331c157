/**
 * configureAutoscaling: how a deployment scales by itself.
 *
 * 1. The autoscaler, made or changed by a server-side apply under our own field manager; what other managers own is refused,
 *    or taken over by name. Undoing gives the former one back, or none.
 *
 * Out of scope: metrics adapters, KEDA, node pools.
 */
import type { AutoscalingActivities, AutoscalingBefore, AutoscalingFacts } from '../../activities/deployments/contract';
import type { AutoscalerSpec, ConfigureAutoscalingInput } from '../../catalogue';
import { configureAutoscalingInput, describeAutoscaling, runbooks } from '../../catalogue';
import { changes, reads, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { autoscalerTarget, clientsOf, deploymentTarget, subjectOf } from '../deployments';
import { runbook } from '../runbook/runbook';
import type { AnyStep } from '../runbook/step';
import { change } from '../runbook/step';
import { autoscalerName, autoscalerSpec, findings } from './decisions';

const read = reads<AutoscalingActivities>();
const act = changes<AutoscalingActivities>();
const check = verifications<AutoscalingActivities>();

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
  { namespace, name: autoscaler, now }: AutoscalingFacts,
  to: AutoscalerSpec,
): AnyStep {
  const name = `configure ${autoscaler}`;
  return change<AutoscalerSpec | undefined, AutoscalingBefore>({
    ...{ name, resource: autoscalerTarget(namespace, autoscaler), from: now, to, show },
    ...{ reversibility: 'reversible', undoDisturbsClients: false, expectedSeconds: 30, impact: 'nothing' },
    read: () => read(`${name} · read it`).readAutoscaling({ name: autoscaler }),
    valueOf: (before) => before.spec,
    set: (spec, way, from) =>
      act(`${name} · ${way === 'forward' ? 'apply' : 'give back'}`, timing).changeAutoscaling({
        ...{ name: autoscaler, from, to: spec, deadlineSeconds: timing.operationTimeoutSeconds },
        ...(way === 'forward' ? { takeOver } : {}),
      }),
    check: (spec, since) => check(`${name} · verify`, timing).verifyAutoscaling({ name: autoscaler, spec, since }),
  });
}

function show(spec: AutoscalerSpec | undefined): string {
  return spec ? describeAutoscaling(spec) : 'no autoscaler';
}
