/**
 * Do a deployment's pods serve? Pure: what was read → what is still wrong, what no waiting will mend, or one line of
 * evidence. The number of pods that counts is given by whoever asks.
 */
import type { Autoscaler, Deployment, Event, Pod, Resources } from '../kubernetes/kubernetes';
import type { Since } from './contract';

export interface PodReading extends Pod {
  /** Its own endpoint answered; absent where the topology names none. */
  answers?: boolean;
}

export interface WorkloadReading {
  deployment: Deployment;
  pods: PodReading[];
  warnings: Event[];
  autoscaler?: Autoscaler;
}

export interface Judgement {
  open: string[];
  /** Waiting is of no use. */
  failing: string[];
  evidence: string;
}

/** A container that is in one of these needs somebody to do something (kubelet, "Container states"). */
const hopeless = new Set([
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
]);
/** One crash can be bad luck. */
const crashesMax = 2;
/** Two rounds of the HPA controller (--horizontal-pod-autoscaler-sync-period, 15 s by default). */
const twoSyncsMs = 30_000;

export interface Wanted {
  atLeast: number;
  /** More are still on their way out: an autoscaler has not come down yet. */
  atMost?: number;
  /** The deployment must ask for exactly so many. */
  exactly?: number;
  /** None may be finishing its work: what it holds (connections) is not free before. */
  allGone?: boolean;
}

export function judgeWorkload(reading: WorkloadReading, wanted: Wanted, since?: Since): Judgement {
  const { deployment, pods, autoscaler } = reading;
  const present = pods.filter(({ terminating }) => !terminating);
  const open = [
    ...judgeCounts(reading, wanted),
    ...present.filter(({ ready }) => !ready).map((pod) => `${pod.name} is not Ready${waits(pod)}`),
    ...present.filter(({ ready, answers }) => ready && answers === false).map(({ name }) => `${name} does not answer`),
    // On the way back its limits are the proof: whether it can read its metrics is no longer the run's to wait for.
    ...(autoscaler && since !== undefined ? judgeAutoscaler(autoscaler, wanted) : []),
  ];
  return {
    // Warnings say why something is open. They stay for an hour, also where what they warned of has passed: alone they are no reason to wait.
    open: open.length > 0 ? [...open, ...unsettledWarnings(reading, since)] : [],
    failing: failingOf(reading, since),
    evidence: evidenceOf(deployment, present, autoscaler),
  };
}

function judgeCounts(
  { deployment, pods }: WorkloadReading,
  { atLeast, atMost = Infinity, exactly, allGone = false }: Wanted,
): string[] {
  const { name, observed, replicas, updatedReplicas, readyReplicas, presentReplicas } = deployment;
  if (!observed) return [`the controller has not seen the new ${name} yet`];
  const leaving = pods.filter(({ terminating }) => terminating).length;
  return [
    ...(exactly === undefined || replicas === exactly ? [] : [`${name} asks for ${replicas} pods, not ${exactly}`]),
    ...(readyReplicas >= atLeast ? [] : [`${readyReplicas} of at least ${atLeast} pods are Ready`]),
    ...(readyReplicas >= replicas ? [] : [`${readyReplicas} of ${replicas} pods are Ready`]),
    ...(updatedReplicas >= replicas ? [] : [`${updatedReplicas} of ${replicas} pods are of the newest template`]),
    ...(presentReplicas <= replicas ? [] : [`pods still to leave: ${presentReplicas - replicas}`]),
    ...(replicas <= atMost ? [] : [`${name} asks for ${replicas} pods, more than ${atMost}`]),
    ...(!allGone || leaving === 0 ? [] : [`pods that finish their work: ${leaving}`]),
  ];
}

function judgeAutoscaler({ name, desired, conditions }: Autoscaler, { atLeast }: Wanted): string[] {
  return [
    ...inactiveReasons(conditions).map((reason) => `${name}: ${reason}`),
    ...(desired >= atLeast ? [] : [`${name} wants ${desired} pods, not ${atLeast} or more`]),
  ];
}

/** Why an autoscaler does not scale. */
export function inactiveReasons(conditions: Autoscaler['conditions']): string[] {
  return ['AbleToScale', 'ScalingActive'].flatMap((type) => {
    const found = conditions.find((condition) => condition.type === type);
    if (!found) return [`${type} is not known yet`];
    return found.status === 'True' ? [] : [`${type} is ${found.status} (${found.reason}: ${found.message})`];
  });
}

/**
 * A warning that is older than the change, or than the last pod that became Ready after it, has been overcome. On the way
 * back there is nothing to warn of: what was refused on the way forward is not wanted any more.
 */
function unsettledWarnings({ pods, warnings }: WorkloadReading, since?: Since): string[] {
  if (since === undefined) return [];
  const lastReady = Math.max(0, ...pods.map(({ readyAt = 0 }) => readyAt));
  const from = Math.max(lastReady, wholeSeconds(since));
  return newestOf(
    warnings.filter(({ reason, at }) => {
      if (/^(FailedCreate|FailedMount|BackOff)$/.test(reason)) return at > from;
      return /^Failed/.test(reason) && at > from + twoSyncsMs;
    }),
  ).map(({ about, reason, message }) => `${about}: ${reason}: ${message}`);
}

/** Of each kind about each object: a controller that tries again tells again, in words that differ by a pod's name. */
function newestOf(warnings: Event[]): Event[] {
  const sorted = [...warnings].sort((one, other) => one.at - other.at);
  return [...new Map(sorted.map((event) => [`${event.about} ${event.reason}`, event])).values()];
}

/** As events have them. */
function wholeSeconds({ at }: Since): number {
  return Math.floor(at / 1000) * 1000;
}

/**
 * Where pods are missing, every container counts that gets nowhere; in a rollout that takes no pod away before it has a new
 * one, those of pods that are newer than the change. On the way back the pods of the abandoned template do not.
 */
function failingOf({ deployment, pods, warnings }: WorkloadReading, since?: Since): string[] {
  const { observed, replicas, readyReplicas, updatedReplicas, presentReplicas } = deployment;
  const rolling = updatedReplicas < presentReplicas;
  const missing = readyReplicas < replicas;
  if (!observed || !(missing || rolling)) return [];
  if (since === undefined) return rolling || presentReplicas > replicas ? [] : stuck(pods);
  if (!missing) return stuckPods(pods, since);
  const refused = warnings.filter(
    ({ reason, message, at }) =>
      reason === 'FailedCreate' && /exceeded quota/.test(message) && at >= wholeSeconds(since),
  );
  return [...stuck(pods), ...newestOf(refused).map(({ about, message }) => `${about}: ${message}`)];
}

/** Of those that are newer than the change: what keeps each from ever becoming Ready. */
export function stuckPods(pods: Pod[], since: Since): string[] {
  return stuck(pods.filter(({ createdAt }) => createdAt >= wholeSeconds(since)));
}

/** Those that waiting does not help, and why. */
export function stuck(pods: Pod[]): string[] {
  return pods
    .filter(
      ({ terminating, ready, waiting, restarts }) =>
        !terminating &&
        !ready &&
        waiting !== undefined &&
        (hopeless.has(waiting.reason) || (waiting.reason === 'CrashLoopBackOff' && restarts >= crashesMax)),
    )
    .map((pod) => `${pod.name}${waits(pod)}`);
}

/** Why it is not Ready, behind its name. */
export function waits({ waiting, restarts, lastEnd }: Pod): string {
  const ended = restarts > 0 ? `, ${restarts} restarts${lastEnd ? `, the last time ${lastEnd}` : ''}` : '';
  return waiting ? `: ${waiting.reason}${waiting.message ? ` (${waiting.message})` : ''}${ended}` : ended;
}

function evidenceOf({ replicas }: Deployment, present: PodReading[], autoscaler: Autoscaler | undefined): string {
  const answering = present.filter(({ answers }) => answers).length;
  const used = present.map(({ usage }) => usage).filter((usage) => usage !== undefined);
  const scaler = autoscaler
    ? [`${autoscaler.name} min ${autoscaler.min}, max ${autoscaler.max}, wants ${autoscaler.desired}`]
    : [];
  return [
    `${present.filter(({ ready }) => ready).length} of ${replicas} pods Ready`,
    ...(answering > 0 ? [`${answering} answer`] : []),
    ...(used.length > 0 ? [usageOf(used)] : []),
    ...scaler,
  ].join(', ');
}

function usageOf(used: Resources[]): string {
  const cpu = used.reduce((sum, { cpuMillis }) => sum + cpuMillis, 0);
  const memory = used.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  return `${used.length} use ${(cpu / 1000).toFixed(2)} CPU and ${Math.round(memory / 2 ** 20)} MiB`;
}
