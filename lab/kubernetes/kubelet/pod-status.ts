/** A pod's status from what its containers do. Pure. */
import type { Condition, ContainerStatus, Pod, PodStatus } from '../api/objects';
import type { PodPlace } from './environment';

export interface PodObservation {
  pod: Pod;
  /** Undefined until it has an address. */
  place: PodPlace | undefined;
  startedAt: string;
  initContainers: ContainerStatus[];
  containers: ContainerStatus[];
  now: string;
}

/** What the API server keeps of a status is merged with it, so every list is given as a whole. */
export function podStatus({ pod, place, startedAt, initContainers, containers, now }: PodObservation): PodStatus {
  const phase = phaseOf(pod, initContainers, containers);
  const initialized = initContainers.every(
    (status) => status.state.terminated?.exitCode === 0 || (status.started && status.state.running),
  );
  const unready = containers.filter(({ ready }) => !ready).map(({ name }) => name);
  const finished = phase === 'Succeeded' || phase === 'Failed';
  const gates = (pod.spec.readinessGates ?? []).every(({ conditionType }) =>
    pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === 'True'),
  );
  const containersReady = unready.length === 0 && !finished;
  const notReady = finished
    ? { reason: 'PodCompleted' }
    : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
  const conditions: Condition[] = [
    condition('PodReadyToStartContainers', place !== undefined && !finished),
    condition('Initialized', initialized, { reason: 'ContainersNotInitialized' }),
    condition(
      'Ready',
      containersReady && gates,
      unready.length === 0 && !finished ? { reason: 'ReadinessGatesNotReady' } : notReady,
    ),
    condition('ContainersReady', containersReady, notReady),
  ];
  return {
    ...{ phase, observedGeneration: pod.metadata.generation, startTime: startedAt, qosClass: pod.status?.qosClass },
    ...(place && {
      ...{ podIP: place.podIP, podIPs: [{ ip: place.podIP }] },
      ...{ hostIP: place.hostIP, hostIPs: [{ ip: place.hostIP }] },
    }),
    conditions: mergeConditions(pod.status?.conditions ?? [], conditions, now, pod.metadata.generation),
    ...(initContainers.length > 0 && { initContainerStatuses: initContainers }),
    containerStatuses: containers,
  };
}

function phaseOf(pod: Pod, initContainers: ContainerStatus[], containers: ContainerStatus[]): PodStatus['phase'] {
  const policy = pod.spec.restartPolicy ?? 'Always';
  const failed = (status: ContainerStatus) => (status.state.terminated?.exitCode ?? 0) !== 0;
  if (policy === 'Never' && initContainers.some(failed)) return 'Failed';
  const ended = containers.every(({ state }) => state.terminated !== undefined);
  if (ended && (pod.metadata.deletionTimestamp || policy !== 'Always')) {
    const willRestart = policy === 'OnFailure' && containers.some(failed) && !pod.metadata.deletionTimestamp;
    if (!willRestart) return containers.some(failed) ? 'Failed' : 'Succeeded';
  }
  const begun = containers.some(({ state, lastState }) => state.running ?? state.terminated ?? lastState.terminated);
  return begun ? 'Running' : 'Pending';
}

function condition(type: string, holds: boolean, otherwise: { reason?: string; message?: string } = {}): Condition {
  return holds ? { type, status: 'True' } : { type, status: 'False', ...otherwise };
}

/** Conditions of others stay; a time of transition is kept while the status is the same. */
function mergeConditions(before: Condition[], own: Condition[], now: string, generation?: number): Condition[] {
  const others = before.filter(({ type }) => !own.some((one) => one.type === type));
  return [
    ...others,
    ...own.map((one) => {
      const old = before.find(({ type }) => type === one.type);
      const lastTransitionTime = old?.status === one.status ? old.lastTransitionTime : now;
      return { ...one, lastProbeTime: null, lastTransitionTime, observedGeneration: generation };
    }),
  ];
}
