/** The same runbooks where the topology's image is Valkey, whose servers move slots by themselves. Each case goes on from the one before. */
import type { Cluster } from '../support/cluster';
import { Run } from '../support/run';
import { RedisCluster, small } from './redis-cluster';
import { underTraffic } from './reshard';

export function valkeyTests(cluster: () => Cluster): void {
  const redis = () => new RedisCluster(cluster());

  test('made of Valkey', async () => {
    await redis().remove();
    await cluster().setRedisImage('valkey/valkey:9');
    const input = { ...small, tryLossOfMaster: false };
    const run = await Run.start(cluster().production, 'redisClusterBootstrap', input);
    expect(await run.report()).toMatchObject({ outcome: 'Succeeded' });
    expect(await redis().inPod('valkey-cli -h "$POD_IP" info server')).toMatch(/^server_name:valkey/m);
    await redis().expectGood();
  });

  test('three masters become four by the servers themselves, under traffic', async () => {
    await underTraffic(redis(), async () => {
      const input = { masters: 4, lingerSeconds: 1 };
      const run = await Run.start(cluster().production, 'redisClusterReshard', input);
      const report = await run.report();
      expect([report.outcome, report.summary]).toEqual(['Succeeded', expect.anything()]);
      const evidence = report.steps.map((step) => step.evidence).join('\n');
      expect(evidence).toContain('4096 slots moved, 4096 of them by the servers themselves');
      console.info(evidence);
    });
    await redis().expectGood(4);
  });
}
