/** The Azure Cache for Redis of a place, and the ways to ask it that know nothing of a run. */
import { production } from '../../../lab/lab';
import type { SeedCache } from '../../../lab/azure';
import { until } from '../../../lab/processes';
import type { Stage } from './stage';

const group = `/subscriptions/${production.subscriptionId}/resourceGroups/${production.resourceGroup}`;

export class Caches {
  readonly name: string;
  made = false;

  constructor(
    private readonly stage: Stage,
    place: string,
  ) {
    this.name = `${place}-cache`;
  }

  async make(wanted: Omit<SeedCache, 'name'>): Promise<void> {
    await this.stage.resourceManager.seedCache({ name: this.name, ...wanted });
    this.made = true;
  }

  /** Until it is busy no more: a run that was terminated leaves its operation to Azure. */
  async idle(): Promise<void> {
    const busy = () =>
      this.stage.resourceManager.caches().some(({ name, state }) => name === this.name && state !== 'Succeeded');
    await until('the cache is idle', () => !busy(), { deadlineMs: 20_000, everyMs: 50 }).catch(() => undefined);
  }

  /** All that can be seen of it from outside, as ARM says it and as the server itself does. */
  async state(): Promise<Record<string, string>> {
    const { properties } = (await this.stage.azure('GET', this.path)) as {
      properties: {
        provisioningState: string;
        sku: { name: string; family: string; capacity: number };
        shardCount?: number;
        redisConfiguration: Record<string, string>;
      };
    };
    const { sku, shardCount, redisConfiguration: configuration } = properties;
    const redis = this.stage.resourceManager.redis(this.name);
    const maxmemory = /^maxmemory:(\d+)/m.exec(await redis.info('memory'))?.[1] ?? '';
    const keys = (await redis.command(['KEYS', 'durable-runbooks:*'])) as string[];
    return {
      ...{ 'ARM state': properties.provisioningState, 'ARM size': `${sku.name} ${sku.family}${sku.capacity}` },
      'ARM shards': String(shardCount ?? 'no cluster'),
      'ARM reserved': `${configuration['maxmemory-reserved']} + ${configuration['maxfragmentationmemory-reserved']}`,
      ...{ 'Redis maxmemory': maxmemory, 'Redis markers': String(keys.length) },
    };
  }

  async remove(): Promise<void> {
    if (!this.made) return;
    // One that is still busy refuses.
    const gone = async () => {
      if (!this.stage.resourceManager.caches().some(({ name }) => name === this.name)) return true;
      await this.stage.azure('DELETE', this.path).catch(() => undefined);
      return false;
    };
    await until(`${this.name} is deleted`, gone, { deadlineMs: 30_000, everyMs: 500 });
  }

  private get path(): string {
    return `${group}/providers/Microsoft.Cache/redis/${this.name}`;
  }
}
