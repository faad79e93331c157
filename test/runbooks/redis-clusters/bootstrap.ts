/** redisClusterBootstrap: refused, failed, made, found as it is, healed. Each case goes on from the one before. */
import { eachThousand } from '../../activities/redis/cluster-traffic';
import type { Cluster } from '../support/cluster';
import { until } from '../../../lab/processes';
import { Run } from '../support/run';
import { keys, name, RedisCluster, small } from './redis-cluster';

const image = 'redis:7-alpine';
const waiting = { deadlineMs: 90_000, everyMs: 500 };
const kinds = ['configmaps', 'secrets', 'services', 'poddisruptionbudgets', 'statefulsets'];
const made = kinds.map((kind) => `create ${kind} ${name}`);
const volumes = Array.from({ length: 6 }, (_, index) => `delete persistentvolumeclaims data-${name}-${index}`);
const [statefulSet, ...others] = kinds.map((kind) => `delete ${kind} ${name}`).reverse();
const removed = [statefulSet, ...volumes, ...others];

export function bootstrapTests(cluster: () => Cluster): void {
  const start = (input: object = {}) =>
    Run.start(cluster().production, 'redisClusterBootstrap', { ...small, ...input });
  const refused = async (words: RegExp, input: object = {}) => {
    const run = await start(input);
    const { outcome, summary } = await run.report();
    expect({ outcome, summary }).toEqual({ outcome: 'Refused', summary: expect.stringMatching(words) as string });
    expect(cluster().mutations(run.workflowId)).toEqual([]);
  };
  const redis = () => new RedisCluster(cluster());

  describe('refuses', () => {
    test.each<[string, RegExp, object]>([
      ['five nodes', /5 nodes are no 3 or more masters with 1 replicas each: 6 would be/, { nodes: 5 }],
      [
        'no replicas, where nobody has said that this is meant',
        /set allowNoReplicas/,
        { nodes: 3, replicasPerMaster: 0 },
      ],
      [
        'more than the machines have room for',
        /6 pods are to run, and the nodes have room for \d/,
        { maxMemoryMegabytes: 60_000 },
      ],
    ])('%s', (_name, words, input) => refused(words, input));

    test('pods that the Service of another one would mean', async () => {
      const spec = { selector: { app: name }, ports: [{ port: 6379 }] };
      await cluster().create('service', { metadata: { name: 'sessions' }, spec });
      await refused(/Service sessions would mean pods with the label app=redis-cluster too/);
      await cluster().delete('service', 'sessions');
    });
  });

  test('an image that cannot be pulled: noticed, and nothing is left, volumes neither', async () => {
    cluster().faults.pushImage(image, 'missing');
    const run = await start();
    const report = await run.report();
    expect(report).toMatchObject({
      outcome: 'RolledBack',
      summary: expect.stringMatching(/redis-cluster-\d: ImagePullBackOff/) as string,
    });
    cluster().faults.restoreImages();
    expect(cluster().mutations(run.workflowId)).toEqual([...made, ...removed]);
    expect(await cluster().list('claim', `app=${name}`)).toEqual([]);
    expect(await cluster().find('secret', name)).toBeUndefined();
  });

  test('going back where somebody has written to it: nothing is removed until the key is gone', async () => {
    const run = await start({ tryLossOfMaster: false, timing: { soakSeconds: 60, verificationTimeoutSeconds: 60 } });
    await run.until(({ phase }) => phase === 'soaking');
    await redis().on((client) => client.set('theirs', '1'));
    await run.order('abort');
    const { trouble } = await run.until(({ phase }) => phase === 'needs-operator');
    expect(trouble!.tried.join('\n')).toMatch(
      /redis-cluster-\d holds 1 keys that are not this run's: it is left alone, and so are its claims/,
    );
    expect(cluster().mutations(run.workflowId)).toEqual(made);

    // Nor of volumes without a pod.
    await cluster().kubectl('scale', 'statefulset', name, '--replicas=0');
    await until('no pod is left', async () => (await redis().pods()).length === 0, waiting);
    await run.order('retry');
    const alone = await run.until(({ trouble: now }) => now !== undefined && now.since !== trouble!.since);
    expect(alone.trouble!.tried.at(-1)).toMatch(
      /cannot be asked yet for keys of others: data-redis-cluster-0, which has no pod/,
    );
    await cluster().kubectl('scale', 'statefulset', name, '--replicas=6');

    // Nobody can say what is on the volumes of pods that do not start: not that it is nothing.
    cluster().faults.pushImage(image, 'missing');
    await cluster().kubectl('delete', 'pods', '-l', `app=${name}`, '--grace-period=0', '--force');
    const waitsForEver = ({ status }: any) =>
      status.containerStatuses?.[0]?.state.waiting?.reason === 'ImagePullBackOff';
    await until('a pod has no image', async () => (await redis().pods()).some(waitsForEver), waiting);
    await run.order('retry');
    const again = await run.until(({ trouble: now }) => now !== undefined && now.since !== alone.trouble!.since);
    expect(again.trouble!.tried.at(-1)).toMatch(
      /nobody can ask whether they hold keys of others: redis-cluster-\d: ImagePullBackOff/,
    );
    expect(cluster().mutations(run.workflowId)).toEqual(made);
    cluster().faults.restoreImages();
    await cluster().kubectl('delete', 'pods', '-l', `app=${name}`, '--grace-period=0', '--force');
    await cluster().kubectl('rollout', 'status', `statefulset/${name}`, '--timeout=90s');
    expect((await redis().inEachPod('redis-cli -h "$POD_IP" dbsize')).map(Number)).toContain(1);
    await redis().inEachPod(
      'for does in "config set replica-read-only no" flushall; do redis-cli -h "$POD_IP" $does; done',
    );
    await run.order('retry');
    await run.until(({ phase }) => phase !== 'needs-operator');
    expect(await run.report()).toMatchObject({ outcome: 'RolledBack' });
    expect(cluster().mutations(run.workflowId)).toEqual([...made, ...removed]);
  });

  test('made: every node says so, a killed master is replaced, and applications keep 100,000 keys in it', async () => {
    const run = await start();
    const report = await run.report();
    expect(report).toMatchObject({ outcome: 'Succeeded' });
    const [formed] = report.steps.slice(-1);
    expect(formed!.evidence).toMatch(
      /formed in [\d.]+ s by \d+ actions; 3 markers written, copied and read; redis-cluster-\d, a master, was killed: whole again(?: after [\d.]+ s)?, no marker lost; cluster_state ok as seen by each of 6 nodes/,
    );
    console.info(formed!.evidence);
    const killed = cluster().mutations(run.workflowId).slice(made.length);
    expect(killed).toEqual([expect.stringMatching(/^delete pods redis-cluster-\d$/)]);
    await redis().expectGood();
    await redis().on(async (client) => {
      await eachThousand(keys, (key) => client.set(key, key));
    });
    await redis().expectEveryKey();
  });

  test('masters and their replicas are on different machines', async () => {
    const lines = (await redis().inPod('redis-cli -h "$POD_IP" cluster nodes')).trim().split('\n');
    const machines = new Map(
      (await redis().pods()).map(({ status, spec }) => [status.podIP as string, spec.nodeName as string]),
    );
    const nodes = lines.map((line) => line.split(' '));
    const machineOf = (id: string) => machines.get(nodes.find(([other]) => other === id)![1]!.split(':')[0]!);
    const followers = nodes.filter(([, , , master]) => master !== '-');
    expect(followers).toHaveLength(3);
    for (const [id, , , master] of followers) expect(machineOf(id!)).not.toBe(machineOf(master!));
  });

  test('once more: there is nothing to do', async () => {
    const run = await start();
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded', steps: [] });
    expect(cluster().mutations(run.workflowId)).toEqual([]);
  });

  test('once more, while a node answers nothing for some seconds: it is waited for, and there is nothing to do', async () => {
    const frozen = cluster().faults.freezePod(`${name}-4`, 4);
    const run = await start();
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded', steps: [] });
    await frozen;
  });

  test('other volumes or memory than those that are there: refused, with the field', async () => {
    await refused(
      /StatefulSet redis-cluster is there already, and another one: volumeClaimTemplates\.0\.spec\.resources\.requests\.storage: 1Gi instead of 2Gi/,
      { storageGigabytes: 2 },
    );
    await refused(/redis\.conf: maxmemory 32mb is missing; there is another maxmemory/, { maxMemoryMegabytes: 32 });
  });

  test('all pods gone at once and back under other addresses: healed by a re-run, no key lost, no pod killed', async () => {
    const before = await redis().pods();
    await cluster().kubectl('delete', 'pods', '-l', `app=${name}`, '--grace-period=0', '--force');
    const run = await start();
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(cluster().mutations(run.workflowId)).toEqual([]);
    const after = await redis().pods();
    const addresses = new Set(before.map(({ status }) => status.podIP));
    expect(after.filter(({ status }) => addresses.has(status.podIP))).toEqual([]);
    await redis().expectGood();
    await redis().expectEveryKey();
  });
}
