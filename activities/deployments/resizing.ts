/** The activities of resizeDeployment: contract.ts says what each does. */
import { describePodSize, type PodSize } from '../../catalogue';
import { type Alive, assertInTime, whileAlive } from '../alive';
import { failure } from '../failures';
import type { Deployment, Pod, ReplicaSet } from '../kubernetes/kubernetes';
import type { ResizingActivities, SizeBefore } from './contract';
import type { DeploymentDependencies } from './dependencies';
import { assertStill, guarded } from './guarded';
import { inspectSizes } from './inspect-sizes';
import { verifyWorkload } from './workload';

const show = describePodSize;

export function createResizingActivities(use: DeploymentDependencies): ResizingActivities {
  const kubernetes = () => use.kubernetes();

  const presentPods = async (deployment: Deployment) =>
    (await kubernetes().readPods(deployment)).filter(({ terminating }) => !terminating);

  /** The one whose pods run. Throws NotVerified where a rollout is under way. */
  async function activeReplicaSet(deployment: Deployment): Promise<ReplicaSet> {
    const [active, ...others] = (await kubernetes().readReplicaSets(deployment)).filter(({ replicas }) => replicas > 0);
    if (active && others.length === 0) return active;
    throw failure(
      'NotVerified',
      `${deployment.name} has ${others.length + (active ? 1 : 0)} ReplicaSets with pods, not one`,
    );
  }

  /** One write nearer to a template that is the ReplicaSet's own; true when nothing is left to do. */
  async function quietStep(name: string, size: { from: PodSize; to: PodSize }, { identity, assertAwake }: Alive) {
    const deployment = await kubernetes().readDeployment(name);
    const replicaSet = await activeReplicaSet(deployment);
    const isThere = (found: { size: PodSize }) => show(found.size) === show(size.to);
    if (isThere(deployment) && isThere(replicaSet) && !deployment.paused) return true;
    if (!isThere(deployment) && show(deployment.size) !== show(size.from)) {
      // What somebody else has set stands; that it is held back is our doing.
      if (deployment.pausedByUs) {
        assertAwake();
        await kubernetes().setPaused(deployment, false, identity);
      }
      throw failure('Drift', `the template of ${name} has ${show(deployment.size)}, neither of the two sizes`);
    }
    assertAwake();
    if (!isThere(deployment)) await kubernetes().setTemplateSize(deployment, size.to, { paused: true }, identity);
    else if (!isThere(replicaSet) && deployment.paused)
      await kubernetes().setReplicaSetSize(replicaSet, size.to, identity);
    else await kubernetes().setTemplateSize(deployment, size.to, { paused: false }, identity);
    return false;
  }

  async function resizeEach(name: string, { from, to }: { from: PodSize; to: PodSize }, alive: Alive): Promise<void> {
    for (const pod of await presentPods(await kubernetes().readDeployment(name))) {
      if (show(pod.size) === show(to)) continue;
      if (show(pod.size) !== show(from)) {
        throw failure('Drift', `${pod.name} has ${show(pod.size)}, neither ${show(from)} nor ${show(to)}`);
      }
      alive.assertAwake();
      await kubernetes().setPodSize(pod, to, alive.identity);
    }
  }

  return {
    inspectSizes: ({ deployment }) => inspectSizes(deployment, use),

    async readPodSizes({ deployment: name }) {
      const pods = await presentPods(await kubernetes().readDeployment(name));
      const sizes = new Map(pods.map(({ size }) => [show(size), size]));
      const [size] = sizes.values();
      if (size && sizes.size === 1) return { size, ...remembered(pods) };
      throw failure('Drift', `the pods of ${name} are of ${sizes.size} sizes: ${[...sizes.keys()].join(' and ')}`);
    },
    resizePods: (request) =>
      whileAlive(
        () => `the size of the pods of ${request.deployment}`,
        async (alive) => {
          assertInTime(`the size of the pods of ${request.deployment}`, request.deadlineSeconds);
          await resizeEach(request.deployment, request, alive);
        },
      ),
    async verifyPodSizes({ deployment: name, size, since }) {
      const present = await presentPods(await kubernetes().readDeployment(name));
      // Those that an autoscaler has added meanwhile have the template's size, and get theirs with it.
      const pods = present.filter((pod) => since === undefined || since.pods[pod.name] !== undefined);
      assertCarriedOut(name, pods, size, since);
      const wanted = ({ replicas }: Deployment) => ({ atLeast: replicas });
      return `${pods.length} pods have ${show(size)}, ${await verifyWorkload(name, { wanted, since }, use)}`;
    },

    async readTemplateSize({ deployment: name }) {
      const deployment = await kubernetes().readDeployment(name);
      return { size: deployment.size, ...remembered(await presentPods(deployment)) };
    },
    changeTemplateSize(request) {
      const { deployment: name, quietly, to, deadlineSeconds } = request;
      const what = `the template of ${name}`;
      if (quietly) {
        return whileAlive(
          () => what,
          async (alive) => {
            do assertInTime(what, deadlineSeconds);
            while (!(await quietStep(name, request, alive)));
            if (request.stragglers) await resizeEach(name, request, alive);
          },
        );
      }
      return guarded(
        what,
        request,
        async () => {
          const now = await kubernetes().readDeployment(name);
          const write = ({ identity }: Alive) => kubernetes().setTemplateSize(now, to, { paused: false }, identity);
          return { value: now.size, write };
        },
        show,
      );
    },
    async verifyTemplateSize({ deployment: name, size, quietly, since }) {
      const deployment = await kubernetes().readDeployment(name);
      assertStill(`the template of ${name}`, size, deployment.size, show);
      if (deployment.paused) throw failure('Drift', `${name} is paused: somebody else holds it`);
      const pods = await presentPods(deployment);
      // On the way back the pods still have the other size: theirs is undone after the template's.
      if (quietly && since) assertCarriedOut(name, pods, size, since);
      const wanted = ({ replicas }: Deployment) => ({ atLeast: replicas });
      return `template has ${show(size)}, ${await verifyWorkload(name, { wanted, since }, use)}`;
    },
  };
}

function remembered(pods: Pod[]): Omit<SizeBefore, 'size'> {
  return { pods: Object.fromEntries(pods.map(({ name, uid, restarts }) => [name, { uid, restarts }])), at: Date.now() };
}

/** Throws WorkloadFailing for what will not come by waiting, NotVerified for what may. */
function assertCarriedOut(name: string, pods: Pod[], size: PodSize, since: SizeBefore | undefined): void {
  const infeasible = pods.filter(({ resizePending }) => resizePending?.reason === 'Infeasible');
  const restarted = pods.filter((pod) => since && pod.restarts > (since.pods[pod.name]?.restarts ?? 0));
  const failing = [
    ...infeasible.map((pod) => `${pod.name} cannot be resized: ${pod.resizePending!.message}`),
    ...restarted.map(({ name: pod, lastEnd = 'unknown' }) => `${pod} restarted (${lastEnd})`),
  ];
  if (failing.length > 0) throw failure('WorkloadFailing', `${name}: ${failing.join('; ')}`);
  const open = pods
    .filter(({ actualSize }) => !actualSize || show(actualSize) !== show(size))
    .map(({ name: pod, actualSize, resizePending }) => {
      const why = resizePending ? ` (${resizePending.reason}: ${resizePending.message})` : '';
      return `${pod} has ${actualSize ? show(actualSize) : 'an unknown size'}${why}`;
    });
  if (open.length > 0) throw failure('NotVerified', `${name}: ${open.join('; ')}`);
}
