/** The gentlest way to another size, and what stands in the way. Pure, table-tested. */
import type { SizeFacts } from '../../activities/deployments/contract';
import type { Finding, PodSize, ResizeDeploymentInput, Topology } from '../../catalogue';
import { describePodSize, podSizeOf } from '../../catalogue';
import type { Checks } from '../runbook/checks';
import { askAll, refuse, warn } from '../runbook/checks';
import { clientsUnmeasured } from '../deployments';

/** `inPlace`: the running pods, then the template without replacing them. `rollout`: every pod is replaced. */
export type Way = 'inPlace' | 'rollout' | 'nothing';

export function wayTo(wanted: ResizeDeploymentInput, facts: SizeFacts): { way: Way; why: string } {
  const to = podSizeOf(wanted);
  if ([facts.size, ...facts.podSizes].every((size) => same(size, to))) return { way: 'nothing', why: '' };
  if (wanted.way === 'rollout') return { way: 'rollout', why: 'asked for' };
  const [obstacle] = facts.obstacles;
  if (obstacle !== undefined) return { way: 'rollout', why: obstacle };
  if (facts.podSizes.length !== 1) return { way: 'rollout', why: 'the pods are of several sizes' };
  if (!same(facts.podSizes[0]!, facts.size)) return { way: 'rollout', why: 'the pods are not of the template’s size' };
  if (classOf(to) !== classOf(facts.size)) {
    return { way: 'rollout', why: `its class would change from ${classOf(facts.size)} to ${classOf(to)}` };
  }
  if (addsLimit(facts.size, to)) return { way: 'rollout', why: 'a new limit could not be taken away again in place' };
  return { way: 'inPlace', why: '' };
}

/** Kubernetes never changes it in place (kubernetes.io, "Resize CPU and Memory Resources", Limitations). */
export function classOf({ requests, limits }: PodSize): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const all = [requests.cpuMillis, requests.memoryBytes, limits.cpuMillis, limits.memoryBytes];
  if (all.every((value) => value === 0)) return 'BestEffort';
  const equal = requests.cpuMillis === limits.cpuMillis && requests.memoryBytes === limits.memoryBytes;
  return equal && all.every((value) => value > 0) ? 'Guaranteed' : 'Burstable';
}

/** What is added in place cannot be taken away in place (the same page), so there would be no gentle way back. */
function addsLimit(from: PodSize, to: PodSize): boolean {
  return (
    (from.limits.cpuMillis === 0 && to.limits.cpuMillis > 0) ||
    (from.limits.memoryBytes === 0 && to.limits.memoryBytes > 0)
  );
}

function same(one: PodSize, other: PodSize): boolean {
  return describePodSize(one) === describePodSize(other);
}

interface Situation {
  to: PodSize;
  facts: SizeFacts;
  way: Way;
  why: string;
  topology: Topology;
}

export function findings(wanted: ResizeDeploymentInput, facts: SizeFacts, topology: Topology): Finding[] {
  return askAll(checks, { to: podSizeOf(wanted), facts, topology, ...wayTo(wanted, facts) });
}

const mebibyte = 2 ** 20;

const checks: Checks<Situation> = {
  'nobody sets it back': ({ facts: { controller, name } }) =>
    controller
      ? [refuse('OwnedByController', 'deployment', `${controller} owns ${name} and would set it back: change it there`)]
      : [],

  'not paused': ({ facts: { paused, name } }) =>
    paused ? [refuse('Paused', 'deployment', `${name} is paused: whoever paused it must let it go on first`)] : [],

  'pods are of one size': ({ facts: { podSizes, size, name }, to }) =>
    podSizes.length > 0 && same(size, to) && podSizes.some((one) => !same(one, to))
      ? [
          refuse(
            'PodsDiffer',
            'deployment',
            `the template of ${name} has that size already, and pods have ${podSizes.map(describePodSize).join(' and ')}: replace them (kubectl rollout restart)`,
          ),
        ]
      : [],

  'pods are Ready': ({ facts: { readyReplicas, replicas, name } }) =>
    readyReplicas < replicas
      ? [
          refuse(
            'PodsNotReady',
            'deployment',
            `${readyReplicas} of ${replicas} pods of ${name} are Ready: nothing is replaced before all are`,
          ),
        ]
      : [],

  'in place': ({ way, why }) =>
    way === 'rollout' ? [warn('Rollout', 'way', `every pod is replaced, one after the other: ${why}`)] : [],

  'more than is used': ({ facts: { usage, name }, to }) => {
    const most = Math.max(0, ...usage.map(({ memoryBytes }) => memoryBytes));
    const limit = to.limits.memoryBytes;
    return limit > 0 && most > limit
      ? [
          refuse(
            'BelowUse',
            'limits',
            `a pod of ${name} uses ${Math.ceil(most / mebibyte)} MiB now, and would be killed at ${Math.round(limit / mebibyte)} MiB`,
          ),
        ]
      : [];
  },

  'room on the nodes': ({ facts, to, way }) => {
    const more = {
      cpuMillis: to.requests.cpuMillis - (way === 'rollout' ? 0 : facts.size.requests.cpuMillis),
      memoryBytes: to.requests.memoryBytes - (way === 'rollout' ? 0 : facts.size.requests.memoryBytes),
    };
    const room = facts.nodes.filter(
      ({ free }) => free.cpuMillis >= more.cpuMillis && free.memoryBytes >= more.memoryBytes,
    );
    return way === 'nothing' || room.length > 0
      ? []
      : [
          refuse(
            'NoRoom',
            'requests',
            `no node has ${more.cpuMillis / 1000} CPU and ${Math.ceil(more.memoryBytes / mebibyte)} MiB free for a pod`,
          ),
        ];
  },

  quota: ({ facts: { quotas, replicas, size }, to }) => {
    const more: Record<string, number> = {
      'requests.cpu': ((to.requests.cpuMillis - size.requests.cpuMillis) * replicas) / 1000,
      'requests.memory': (to.requests.memoryBytes - size.requests.memoryBytes) * replicas,
      'limits.cpu': ((to.limits.cpuMillis - size.limits.cpuMillis) * replicas) / 1000,
      'limits.memory': (to.limits.memoryBytes - size.limits.memoryBytes) * replicas,
    };
    return quotas
      .filter(({ resource, hard, used }) => (more[resource] ?? 0) > 0 && used + more[resource]! > hard)
      .map(({ quota, resource, hard, used }) =>
        refuse(
          'QuotaExceeded',
          'size',
          `quota "${quota}" allows ${resource} ${hard}, ${used} are used, ${more[resource]} more are needed`,
        ),
      );
  },

  'what autoscalers make of it': ({ facts: { autoscalers, usage, size }, to }) =>
    autoscalers.flatMap(({ name, targets }) =>
      targets.flatMap(({ metric, percent }) => {
        const of = metric === 'cpu' ? 'cpuMillis' : 'memoryBytes';
        if (usage.length === 0 || size.requests[of] === to.requests[of] || to.requests[of] === 0) return [];
        const average = usage.reduce((sum, one) => sum + one[of], 0) / usage.length;
        const share = (requests: PodSize['requests']) => Math.round((100 * average) / requests[of]);
        return [
          warn(
            'AutoscalerSeesAnotherShare',
            'requests',
            `${name} aims at ${percent} % of the ${metric} request: what pods use now is ${share(size.requests)} % of it, and will be ${share(to.requests)} %`,
          ),
        ];
      }),
    ),

  'clients can be measured': ({ facts: { name, clientsAnswer }, topology }) =>
    clientsUnmeasured(name, clientsAnswer, topology),
};
