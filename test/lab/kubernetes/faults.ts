/** Faults that are made on purpose, by the interface that the proof uses. */
import { ClusterFaults } from '../../../lab/kubernetes/faults/faults';
import { fillQueue, queueLengths } from '../../../lab/kubernetes/queues';
import type { Lab } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { kubectl, kubectlJson, labCommand, podsOf, production, runKubectl, serviceUrl } from './cluster-lab';
import { Requests } from '../../../lab/traffic/requests';

/** All its waits together. */
const longMs = 300_000;

export function faultTests(theLab: () => Lab): void {
  let faults: ClusterFaults;
  beforeAll(() => {
    faults = new ClusterFaults(theLab());
  });
  afterAll(() => faults.close());

  const scale = (replicas: number) =>
    kubectl(theLab(), 'scale', '-n', production, 'deployment/broxiva-web', `--replicas=${replicas}`);
  const waiting = async () =>
    (await podsOf(theLab(), 'broxiva-web')).map(({ status }) => status.containerStatuses?.[0]?.state.waiting?.reason);
  const readyPods = async () =>
    (await podsOf(theLab(), 'broxiva-web')).filter(({ status }) => status.containerStatuses?.[0]?.ready).length;
  const soon = (what: string, is: () => Promise<boolean>) => until(what, is, { deadlineMs: 50_000, everyMs: 200 });

  test('new pods crash, or cannot be pulled, while those that run go on', async () => {
    faults.pushImage('broxiva/web:1.0.0', 'crash');
    await scale(3);
    await soon('it crashes', async () => (await waiting()).includes('CrashLoopBackOff'));
    expect(await readyPods()).toBe(2);
    await scale(2);
    faults.pushImage('broxiva/web:1.0.0', 'missing');
    await soon('the crashing one is gone', async () => (await podsOf(theLab(), 'broxiva-web')).length === 2);
    await scale(3);
    await soon('it cannot be pulled', async () =>
      (await waiting()).some((reason) => /^(ErrImagePull|ImagePullBackOff)$/.test(reason)),
    );
    await scale(2);
    faults.restoreImages();
    await soon('two are ready', async () => (await podsOf(theLab(), 'broxiva-web')).length === 2);
  });

  test(
    'a worker that is ready and takes no job: its queue is not drained',
    async () => {
      const { name, namespace } = { name: 'broxiva-worker', namespace: production };
      faults.pushImage('broxiva/worker:1.0.0', 'idle');
      const restart = async () => {
        await kubectl(theLab(), 'rollout', 'restart', '-n', namespace, `deployment/${name}`);
        await kubectl(theLab(), 'rollout', 'status', '-n', namespace, `deployment/${name}`, '--timeout=60s');
        await soon('the old ones are gone', async () => (await podsOf(theLab(), name)).length === 2);
      };
      await restart();
      const length = await fillQueue(theLab(), 'email-queue', 50);
      expect(length).toBe(50);
      faults.restoreImages();
      await restart();
      const drained = async () => (await queueLengths(theLab()))['email-queue'] === 0;
      await soon('good ones drain it', drained);
    },
    longMs,
  );

  test('a template whose image never becomes ready is a rollout that stands still', async () => {
    await kubectl(theLab(), 'set', 'image', '-n', production, 'deployment/broxiva-web', 'web=broxiva/web:unready');
    const runs = async () =>
      (await podsOf(theLab(), 'broxiva-web')).some(
        ({ spec, status }) =>
          spec.containers[0].image === 'broxiva/web:unready' && status.containerStatuses?.[0]?.started === true,
      );
    await soon('the new pod runs', runs);
    const counted = async () => {
      const { status } = await kubectlJson(theLab(), 'get', 'deployment', 'broxiva-web', '-n', production);
      const { availableReplicas, updatedReplicas, unavailableReplicas } = status;
      return [availableReplicas, updatedReplicas, unavailableReplicas].join() === '2,1,1';
    };
    await soon('two are available, the one that is updated is not', counted);
    await kubectl(theLab(), 'rollout', 'undo', '-n', production, 'deployment/broxiva-web');
    await soon('the old ones are left', async () => (await podsOf(theLab(), 'broxiva-web')).length === 2);
  });

  test('a quota that is used up: FailedCreate', async () => {
    await faults.limitPods();
    await scale(3);
    const told = async () =>
      (await kubectl(theLab(), 'get', 'events', '-n', production)).includes('exceeded quota: lab-fault');
    await soon('it is told', told);
    await faults.unlimitPods();
    await scale(2);
  });

  test('somebody else writes the same field again and again', async () => {
    const read = async () =>
      (await kubectlJson(theLab(), 'get', 'hpa', 'broxiva-api-hpa', '-n', production)).spec.minReplicas;
    const competitor = await faults.compete({ autoscaler: 'broxiva-api-hpa', minReplicas: 4, everyMs: 300 });
    const patch = ['patch', 'hpa', 'broxiva-api-hpa', '-n', production, '--type=merge', '-p'];
    await kubectl(theLab(), ...patch, '{"spec":{"minReplicas":3}}');
    await soon('it was written again', async () => (await read()) === 4);
    await competitor.stop();
    expect(competitor.writes).toBeGreaterThan(1);
    await kubectl(theLab(), ...patch, '{"spec":{"minReplicas":3}}');
  });

  test("a pod's process is killed: it is started again", async () => {
    const [name] = await faults.podsOf('broxiva-worker');
    const before = (await kubectlJson(theLab(), 'get', 'pod', name!, '-n', production)).status.containerStatuses[0];
    expect(await labCommand(theLab().name, 'kubernetes', 'kill-pod', name!)).toBe(`${name} was killed\n`);
    const again = async () => {
      const [status] = (await kubectlJson(theLab(), 'get', 'pod', name!, '-n', production)).status.containerStatuses;
      return status.ready && status.restartCount === before.restartCount + 1;
    };
    await soon('it runs again', again);
  });

  test('while the API server is down pods answer; afterwards it is what it was', async () => {
    const requests = new Requests(`${await serviceUrl(theLab(), 'broxiva-web')}/`);
    await faults.apiServerDown(3);
    await scale(3);
    await soon('a new pod becomes ready', async () => (await readyPods()) === 3);
    await requests.end();
    expect(requests.bad).toEqual([]);
    await scale(2);
  });

  test('the autoscaler is deleted', async () => {
    await faults.deleteAutoscaler('broxiva-api-hpa');
    expect((await runKubectl(theLab(), ['get', 'hpa', 'broxiva-api-hpa', '-n', production])).error).toContain(
      'not found',
    );
  });
}
