/** resizeDeployment: in the gentlest way that works, and back from both ways. */
import type { Cluster, KnownDeployment } from '../support/cluster';
import { Run } from '../support/run';
import { Workload, type WorkloadWish } from '../support/workload';

export const resizedDeployments: KnownDeployment[] = [
  'in-place',
  'by-rollout',
  'below-use',
  'killed',
  'no-start',
  'theirs',
].map((name) => ({ name }));

const quantities = (cpu: string, memory: string) => ({ cpu, memory });
/** What pods of a workload have. */
const former = { cpu: '500m', memory: '64Mi' };
/** Takes memory when it is told to, by a file, and only then. */
const hungry = `(until [ -f /tmp/eat ]; do sleep 0.2; done; dd if=/dev/zero bs=40M count=1 | sleep 600) &
eater=$!; wait $eater; exit 1`;

export function resizingTests(cluster: () => Cluster): void {
  const make = (name: string, wish: WorkloadWish) => Workload.make(cluster(), name, wish);
  const resize = (deployment: string, input: object) =>
    Run.start(cluster().production, 'resizeDeployment', { deployment, ...input });
  const sizes = async (workload: Workload) => [
    ...new Set((await workload.pods()).map(({ cpu, memory }) => `${cpu} ${memory}`)),
  ];
  /** Something else that its container has; of 0, for the lab's nodes have none to give. */
  const other = { 'ephemeral-storage': '0' };
  const makeWithOther = async (name: string) => {
    const workload = await make(name, { replicas: 2 });
    const path = '/spec/template/spec/containers/0/resources/limits/ephemeral-storage';
    const patch = JSON.stringify([{ op: 'add', path, value: other['ephemeral-storage'] }]);
    await cluster().kubectl('patch', `deployment/${name}`, '--type=json', '-p', patch);
    await cluster().kubectl('rollout', 'status', `deployment/${name}`, '--timeout=90s');
    await workload.untilPods(2);
    return workload;
  };
  const template = async (workload: Workload) => (await workload.get()).spec.template.spec.containers[0].resources;

  test.concurrent('in place: the same pods, none restarted, no ReplicaSet more; new pods have it too', async () => {
    const workload = await make('in-place', { replicas: 2, autoscaler: { min: 2, max: 4 } });
    const before = { uids: await workload.uids(), sets: await workload.replicaSets() };
    const asked = {
      requests: quantities('100m', '48Mi'),
      limits: quantities('750m', '96Mi'),
    };
    const run = await resize('in-place', asked);
    const report = await run.report();
    expect(report).toMatchObject({ outcome: 'Succeeded' });
    expect(report.steps.map(({ name, from, to }) => [name, from, to])).toEqual([
      ['resize pods of in-place', '0.05–0.5 CPU, 32–64 MiB', '0.1–0.75 CPU, 48–96 MiB'],
      ['align template of in-place', '0.05–0.5 CPU, 32–64 MiB', '0.1–0.75 CPU, 48–96 MiB'],
    ]);
    expect(await run.findings()).toContainEqual(
      expect.stringMatching(
        /^AutoscalerSeesAnotherShare: in-place-hpa aims at 90 % of the cpu request: .* will be \d+ %$/,
      ),
    );
    expect(cluster().mutations(run.workflowId)).toEqual([
      ...['a pod limits 750m 96Mi', 'a pod limits 750m 96Mi'],
      ...['in-place limits 750m 96Mi, paused', 'a ReplicaSet limits 750m 96Mi', 'in-place limits 750m 96Mi'],
    ]);
    expect(await workload.uids()).toEqual(before.uids);
    expect((await workload.pods()).map(({ restarts }) => restarts)).toEqual([0, 0]);
    expect(await sizes(workload)).toEqual(['750m 96Mi']);
    expect(await template(workload)).toEqual(asked);

    await cluster().merge('autoscaler', workload.autoscalerName, { spec: { minReplicas: 3 } });
    await workload.untilPods(3);
    expect(await workload.replicaSets()).toEqual(before.sets);
    expect(await sizes(workload)).toEqual(['750m 96Mi']);
    expect((await workload.get()).spec.paused).not.toBe(true);

    const again = await resize('in-place', asked);
    expect(await again.report()).toMatchObject({ outcome: 'Succeeded', summary: 'nothing to do: all is so already' });
  });

  test.concurrent('by a rollout where that is asked for: every pod is another', async () => {
    const workload = await makeWithOther('by-rollout');
    const before = { uids: await workload.uids(), sets: await workload.replicaSets() };
    const run = await resize('by-rollout', { size: 'small', way: 'rollout' });
    expect(await run.report()).toMatchObject({
      outcome: 'Succeeded',
      steps: [{ name: 'roll out size of by-rollout', to: '0.125–0.25 CPU, 128–256 MiB' }],
    });
    expect(await run.findings()).toContainEqual('Rollout: every pod is replaced, one after the other: asked for');
    expect(cluster().mutations(run.workflowId)).toEqual(['by-rollout limits 250m 256Mi']);
    await workload.untilPods(2);
    expect((await workload.uids()).filter((uid) => before.uids.includes(uid))).toEqual([]);
    expect(await workload.replicaSets()).toHaveLength(before.sets.length + 1);
    expect(await sizes(workload)).toEqual(['250m 256Mi']);
    expect((await template(workload)).limits).toEqual({ ...quantities('250m', '256Mi'), ...other });
  });

  test.concurrent('less than what is used is refused; so is what has no room, or no sense', async () => {
    const workload = await make('below-use', {
      ...{ replicas: 1, work: '(dd if=/dev/zero bs=40M count=1 | sleep 600) &' },
      resources: { requests: quantities('50m', '32Mi'), limits: quantities('500m', '256Mi') },
    });
    await workload.untilUses(35);
    const refused = async (input: object, words: string | RegExp) => {
      const run = await resize('below-use', input);
      const { outcome, summary } = await run.report();
      expect({ outcome, summary }).toEqual({ outcome: 'Refused', summary: expect.stringMatching(words) as string });
      expect(cluster().mutations(run.workflowId)).toEqual([]);
    };
    await refused(
      { requests: quantities('50m', '16Mi'), limits: quantities('500m', '32Mi') },
      /a pod of below-use uses \d+ MiB now, and would be killed at 32 MiB/,
    );
    await refused(
      { requests: quantities('9', '32Mi'), limits: quantities('9', '256Mi') },
      /no node has 8.95 CPU and 0 MiB free for a pod/,
    );
    await refused({ size: 'huge' }, 'size  "huge"; allowed: one of small, medium, large, x-large');
    await refused({}, 'give either a size, or requests and limits');
    expect((await workload.pods())[0]).toMatchObject({ restarts: 0, cpu: '500m', memory: '256Mi' });
  });

  test.concurrent(
    'a pod that is killed for its memory after it was resized: back in place, to what it had',
    async () => {
      const workload = await make('killed', { replicas: 2, work: hungry });
      const before = { uids: await workload.uids(), sets: await workload.replicaSets() };
      const run = await resize('killed', {
        ...{ requests: quantities('50m', '16Mi'), limits: quantities('500m', '24Mi'), timing: { soakSeconds: 20 } },
      });
      await run.until(({ phase }) => phase === 'soaking');
      expect(await sizes(workload)).toEqual(['500m 24Mi']);
      const [first] = await workload.pods();
      await workload.touch(first!.name, '/tmp/eat');
      const report = await run.report();
      expect(report).toMatchObject({
        outcome: 'RolledBack',
        summary: expect.stringContaining(`${first!.name} restarted 1 time`) as string,
      });
      expect(report.steps.map(({ state }) => state)).toEqual(['undone', 'undone']);
      expect(await workload.lastEnd(first!.name)).toEqual({ exitCode: 137, reason: 'OOMKilled' });
      expect(await sizes(workload)).toEqual([`${former.cpu} ${former.memory}`]);
      expect((await template(workload)).limits).toEqual(former);
      expect(await workload.uids()).toEqual(before.uids);
      expect(await workload.replicaSets()).toEqual(before.sets);
    },
  );

  test.concurrent(
    'somebody else sets the template while it is held still: theirs stands, and is rolled out',
    async () => {
      const workload = await make('theirs', { replicas: 1 });
      const held = cluster().gate.hold('PATCH', /\/replicasets\/theirs-/);
      const run = await resize('theirs', { requests: quantities('60m', '48Mi'), limits: quantities('600m', '96Mi') });
      const release = await held;
      const { spec } = await workload.get();
      expect(spec.paused).toBe(true);
      const [container] = spec.template.spec.containers;
      const containers = [{ ...container, resources: { ...container.resources, limits: quantities('700m', '80Mi') } }];
      await cluster().merge('deployment', 'theirs', { spec: { template: { spec: { containers } } } });
      release();
      await run.until(({ phase }) => phase === 'needs-operator');
      expect((await workload.get()).spec.paused).not.toBe(true);
      await workload.untilPods(1);
      expect(await sizes(workload)).toEqual(['700m 80Mi']);
      await run.order('accept');
      expect(await run.report()).toMatchObject({
        outcome: 'Accepted',
        summary: expect.stringMatching(/neither of the two sizes/) as string,
      });
    },
  );

  test.concurrent('a rollout whose new pods do not start: the old ones have never gone', async () => {
    const workload = await makeWithOther('no-start');
    const before = { uids: await workload.uids(), sets: await workload.replicaSets() };
    await workload.newPods('crash');
    const run = await resize('no-start', { size: 'small', way: 'rollout' });
    expect(await run.report()).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringMatching(/no-start-\S+: CrashLoopBackOff/) as string,
      steps: [{ state: 'undone' }],
    });
    expect(cluster().mutations(run.workflowId)).toEqual(['no-start limits 250m 256Mi', 'no-start limits 500m 64Mi']);
    await workload.untilPods(2);
    expect(await workload.uids()).toEqual(before.uids);
    expect(await sizes(workload)).toEqual([`${former.cpu} ${former.memory}`]);
    expect((await template(workload)).limits).toEqual({ ...former, ...other });
  });
}
