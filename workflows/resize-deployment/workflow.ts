/**
 * resizeDeployment: more or less CPU and memory for the pods of a deployment, in the gentlest way that works.
 *
 * 1. In place: the running pods are resized, none restarts.
 * 2. The template is brought in line without replacing them: paused, the ReplicaSet's template first made the same.
 * Or, where that is not possible or not wanted: a rolling update, every pod replaced.
 *
 * Out of scope: containers other than the first, sizes of nodes, autoscalers (configureAutoscaling).
 */
import type { ResizingActivities, SizeBefore, SizeFacts } from '../../activities/deployments/contract';
import type { PodSize, ResizeDeploymentInput } from '../../catalogue';
import { describePodSize, podSizeOf, resizeDeploymentInput, runbooks } from '../../catalogue';
import { changes, reads, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { clientsOf, deploymentTarget, restartsSince, subjectOf } from '../deployments';
import { runbook } from '../runbook/runbook';
import type { AnyStep } from '../runbook/step';
import { change } from '../runbook/step';
import { findings, wayTo } from './decisions';

const read = reads<ResizingActivities>();
const act = changes<ResizingActivities>();
const check = verifications<ResizingActivities>();

export const definition: Runbook<ResizeDeploymentInput, SizeFacts> = {
  name: 'resizeDeployment',
  title: runbooks['resizeDeployment']!.title,
  input: resizeDeploymentInput,
  subject: subjectOf,
  preflight: ({ deployment }) => read('preflight · read pods, sizes, nodes').inspectSizes({ deployment }),
  targets: (_wanted, { namespace, name }) => [deploymentTarget(namespace, name)],
  findings,
  steps: (wanted, facts) => {
    const { way } = wayTo(wanted, facts);
    if (way === 'nothing') return [];
    return way === 'inPlace' ? [resizePods(wanted, facts), align(wanted, facts)] : [rollOut(wanted, facts)];
  },
  clients: (_wanted, { name, clientsAnswer }, topology) => clientsOf(name, clientsAnswer, topology),
  settled: (_wanted, before, after) => ({
    problems: restartsSince(before.restarts, after.restarts),
    evidence: [],
  }),
};

export const resizeDeployment = runbook(definition);

/** What every step of this runbook is. */
function face(facts: SizeFacts, wanted: ResizeDeploymentInput) {
  return {
    ...{
      resource: deploymentTarget(facts.namespace, facts.name),
      from: facts.size,
      to: podSizeOf(wanted),
      show: describePodSize,
    },
    ...{ reversibility: 'reversible' as const, undoDisturbsClients: false, impact: 'nothing' },
    valueOf: (before: SizeBefore) => before.size,
  };
}

function resizePods(wanted: ResizeDeploymentInput, facts: SizeFacts): AnyStep {
  const { deployment, timing } = wanted;
  const name = `resize pods of ${deployment}`;
  return change<PodSize, SizeBefore>({
    ...{ ...face(facts, wanted), name, expectedSeconds: 10, detail: 'in place: no pod restarts' },
    read: () => read(`${name} · read their sizes`).readPodSizes({ deployment }),
    set: (to, _way, from) =>
      act(`${name} · to ${describePodSize(to)}`, timing).resizePods({
        ...{ deployment, from, to, deadlineSeconds: timing.operationTimeoutSeconds },
      }),
    check: (size, since) =>
      check(`${name} · verify ${describePodSize(size)}`, timing).verifyPodSizes({ deployment, size, since }),
  });
}

function align(wanted: ResizeDeploymentInput, facts: SizeFacts): AnyStep {
  return ofTemplate(wanted, facts, {
    ...{ name: `align template of ${wanted.deployment}`, quietly: true },
    ...{ expectedSeconds: 10, detail: 'new pods get the size too; none is replaced' },
  });
}

function rollOut(wanted: ResizeDeploymentInput, facts: SizeFacts): AnyStep {
  return ofTemplate(wanted, facts, {
    ...{ name: `roll out size of ${wanted.deployment}`, quietly: false },
    ...{ expectedSeconds: 120, detail: 'a rolling update: every pod is replaced' },
  });
}

function ofTemplate(
  wanted: ResizeDeploymentInput,
  facts: SizeFacts,
  { quietly, ...given }: { name: string; quietly: boolean; expectedSeconds: number; detail: string },
): AnyStep {
  const { deployment, timing } = wanted;
  const { name } = given;
  return change<PodSize, SizeBefore>({
    ...{ ...face(facts, wanted), ...given },
    read: () => read(`${name} · read the template`).readTemplateSize({ deployment }),
    set: (to, way, from) =>
      act(`${name} · to ${describePodSize(to)}`, timing).changeTemplateSize({
        ...{
          deployment,
          quietly,
          stragglers: quietly && way === 'forward',
          from,
          to,
          deadlineSeconds: timing.operationTimeoutSeconds,
        },
      }),
    check: (size, since) =>
      check(`${name} · verify ${describePodSize(size)}`, timing).verifyTemplateSize({
        deployment,
        size,
        quietly,
        since,
      }),
  });
}
