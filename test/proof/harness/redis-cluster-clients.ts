/** Clients of a Redis cluster: what they wrote last of each key, and was acknowledged, must be there afterwards. */
import { ClusterTraffic } from '../../activities/redis/cluster-traffic';
import type { RedisPods } from '../kubernetes/redis-pods';
import type { Clients, ClientsReport } from './clients';

const keys = 2000;
const paceMs = 25;

export class RedisClusterClients implements Clients {
  private traffic: ClusterTraffic | undefined;
  private stoppedAt = 0;

  constructor(private readonly redis: RedisPods) {}

  async start(): Promise<void> {
    await this.stop();
    const members = await this.redis.members();
    this.traffic = new ClusterTraffic(() => members, { password: await this.redis.password(), paceMs });
    await this.traffic.start(keys);
  }

  async stop(): Promise<void> {
    await this.traffic?.stop();
    this.stoppedAt = performance.now();
    this.traffic?.destroy();
  }

  async report(): Promise<ClientsReport> {
    const { measurement, written } = this.traffic!;
    const { requests, failed, reasons } = measurement;
    const lost = await this.traffic!.lost(await this.redis.joined());
    return {
      ...{ requests, failed, reasons: Object.fromEntries(reasons), onServer: true },
      longestStallSeconds: measurement.longestStallAt(this.stoppedAt) / 1000,
      ledger: { acknowledged: written.size, lost: lost.length, lostRows: lost.slice(0, 10), duplicated: 0 },
    };
  }
}
