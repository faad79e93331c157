/** What the tests of databaseSkuUpgrade share: its production, and the words for what a run of it changes. */
import { until } from '../../../lab/processes';
import { Database } from '../support/database';
import { Production } from '../support/production';
import { large, SkuUpgrade } from '../support/sku-upgrade';

export const up = { sku: large.sku };
export const upOf = (server: string) => [`${server} max_connections 3437`, `${server} D8ds_v4`];
export const downOf = (server: string) => [`${server} max_connections 1718`, `${server} D4ds_v4`];

export class Upgrades {
  private current: Production | undefined;

  /** Made before the first test, and ended after the last. */
  constructor() {
    beforeAll(async () => (this.current = await Production.start()));
    afterAll(() => this.current?.stop());
  }

  get production(): Production {
    return this.current!;
  }

  create(options: { replicas?: number } = {}): Promise<Database> {
    return Database.create(this.production, options);
  }

  start(database: Pick<Database, 'name'>, input: object): Promise<SkuUpgrade> {
    return SkuUpgrade.start(this.production, database, input);
  }

  async isFree(server: string): Promise<void> {
    const free = async () => (await this.production.lock(server))?.holder === undefined;
    await until(`the lock of ${server} is free`, free, { deadlineMs: 50_000, everyMs: 50 });
  }
}
