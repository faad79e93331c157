/** The Redis cluster of the production, asked as applications and people ask it. */
import { createCluster } from 'redis';
import type { Member } from '../../../activities/redis/cluster/view';
import { eachThousand } from '../../activities/redis/cluster-traffic';
import type { Cluster } from '../support/cluster';

export const name = 'redis-cluster';
/** The guide's sizes are more than this machine's. */
export const small = { maxMemoryMegabytes: 48, storageGigabytes: 1 };
export const keys = Array.from({ length: 100_000 }, (_, index) => `key-${index}`);

export class RedisCluster {
  constructor(private readonly cluster: Cluster) {}

  pods() {
    return this.cluster.list('pod', `app=${name}`);
  }

  inPod(command: string, ordinal = 0): Promise<string> {
    return this.cluster.kubectl('exec', `${name}-${ordinal}`, '--', 'sh', '-c', command);
  }

  async inEachPod(command: string): Promise<string[]> {
    return Promise.all((await this.pods()).map((_pod, ordinal) => this.inPod(command, ordinal)));
  }

  async password(): Promise<string> {
    const { data } = await this.cluster.get('secret', name);
    return Buffer.from(data.password, 'base64').toString();
  }

  async members(): Promise<Member[]> {
    const found = await this.pods();
    return found.map(({ metadata, status }, ordinal) => ({
      ...{ ordinal, pod: metadata.name, host: status.podIP, port: 6379 },
    }));
  }

  /** As applications do. */
  async on<T>(use: (client: ReturnType<typeof createCluster>) => Promise<T>): Promise<T> {
    const client = createCluster({
      rootNodes: (await this.members()).map(({ host, port }) => ({ socket: { host, port } })),
      defaults: { password: await this.password() },
    });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await use(client as never);
    } finally {
      client.destroy();
    }
  }

  /** With all that it consists of, volumes too. */
  async remove(): Promise<void> {
    const all = 'statefulsets,services,configmaps,secrets,poddisruptionbudgets';
    await this.cluster.kubectl('delete', all, name, '--ignore-not-found');
    await this.cluster.kubectl('delete', 'pods', '-l', `app=${name}`, '--grace-period=0', '--force');
    await this.cluster.kubectl('delete', 'persistentvolumeclaims', '-l', `app=${name}`);
  }

  async expectGood(masters = 3): Promise<void> {
    const check = await this.inPod('redis-cli --cluster check "$POD_IP:6379"');
    expect(check).toContain('[OK] All nodes agree about slots configuration.');
    expect(check).toContain('[OK] All 16384 slots covered.');
    expect(check.match(/1 additional replica/g)).toHaveLength(masters);
  }

  async expectEveryKey(): Promise<void> {
    await this.on(async (client) => {
      expect(await eachThousand(keys, (key) => client.get(key))).toEqual(keys);
    });
  }
}
