/** redisClusterReshard: refused, out, found as it is, in again, under a client of the cluster. Each case goes on from the one before. */
import { ClusterTraffic } from '../../activities/redis/cluster-traffic';
import type { Cluster } from '../support/cluster';
import { Run } from '../support/run';
import { name, RedisCluster } from './redis-cluster';

const scaled = `patch statefulsets/scale ${name}`;

/** The client asks each of them every 3 s or so, so it is led away from a node that leaves before that is gone. */
const trafficKeys = 300;

/** No request fails and no key is lost. The client knows the cluster as it was before. */
export async function underTraffic(redis: RedisCluster, work: () => Promise<void>): Promise<void> {
  const members = await redis.members();
  const traffic = new ClusterTraffic(() => members, { password: await redis.password(), paceMs: 3 });
  try {
    await traffic.start(trafficKeys);
    await work();
    await traffic.stop();
    expect(traffic.errors).toEqual([]);
    expect(traffic.measurement.requests).toBeGreaterThan(100);
    expect(await traffic.lost()).toEqual([]);
  } finally {
    traffic.destroy();
  }
}

export function reshardTests(cluster: () => Cluster): void {
  const redis = () => new RedisCluster(cluster());
  const start = (masters: number, input: object = {}) =>
    Run.start(cluster().production, 'redisClusterReshard', { masters, lingerSeconds: 1, ...input });
  const claims = async () => (await cluster().list('claim', `app=${name}`)).length;

  /** Whichever pods are by now, as CLUSTER NODES has them. */
  const masters = async () =>
    (await redis().inPod('redis-cli -h "$POD_IP" cluster nodes')).split('\n').filter((line) => line.includes('master'));

  test.each<[string, RegExp, number]>([
    ['two masters', /2 masters leave no majority when one is lost: at least 3/, 2],
    ['more than the machines have room for', /\d+ more pods are to run, and the nodes have room for \d/, 100],
  ])('refuses %s', async (_name, words, masters) => {
    const run = await start(masters);
    const { outcome, summary } = await run.report();
    expect({ outcome, summary }).toEqual({ outcome: 'Refused', summary: expect.stringMatching(words) as string });
    expect(cluster().mutations(run.workflowId)).toEqual([]);
  });

  test('refuses a cluster with a slot that somebody else moves', async () => {
    const [one = '', other = ''] = await masters();
    const [, address] = one.split(/[ :]/);
    const [id] = other.split(' ');
    const [, slot] = / connected (\d+)/.exec(one)!;
    await redis().inPod(`redis-cli -h ${address} cluster setslot ${slot} migrating ${id}`);
    const run = await start(4);
    expect(await run.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringMatching(/redis-cluster-\d is moving slot \d+: retry the run that began it/) as string,
    });
    await redis().inPod(`redis-cli -h ${address} cluster setslot ${slot} stable`);
  });

  test('refuses masters whose functions differ', async () => {
    const library = "#!lua name=greetings\nredis.register_function('greet', function(keys) return keys[1] end)";
    const load = async (line: string) =>
      redis().inPod(`redis-cli -h ${line.split(/[ :]/)[1]} function load "${library}"`);
    const [first = '', ...others] = await masters();
    await load(first);
    const run = await start(4);
    expect(await run.report()).toMatchObject({
      outcome: 'Refused',
      summary: expect.stringMatching(/function library greetings is not the same on redis-cluster-\d and /) as string,
    });
    for (const other of others) await load(other);
  });

  test('three masters become four, under traffic', async () => {
    await underTraffic(redis(), async () => {
      const run = await start(4);
      const report = await run.report();
      expect([report.outcome, report.summary]).toEqual(['Succeeded', expect.anything()]);
      console.info(report.steps.map(({ evidence }) => evidence).join('\n'));
      expect(cluster().mutations(run.workflowId)).toEqual([scaled]);
    });
    await redis().expectGood(4);
    await redis().expectEveryKey();
    for (const line of await masters()) {
      const [, address] = line.split(/[ :]/);
      expect(await redis().inPod(`redis-cli -h ${address} function list`)).toContain('greetings');
    }
    const run = await start(4);
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded', steps: [] });
  });

  test('four become three again, under traffic; the claims stay', async () => {
    await underTraffic(redis(), async () => {
      // Longer than a round of the client, on a busy machine too: whoever has not asked since a slot moved asks a node that is gone.
      const run = await start(3, { lingerSeconds: 10 });
      const report = await run.report();
      expect([report.outcome, report.summary]).toEqual(['Succeeded', expect.anything()]);
      console.info(report.steps.map(({ evidence }) => evidence).join('\n'));
      expect(cluster().mutations(run.workflowId)).toEqual([scaled]);
    });
    await redis().expectGood(3);
    expect(await redis().pods()).toHaveLength(6);
    expect(await claims()).toBe(8);
    await redis().expectEveryKey();
  });
}
