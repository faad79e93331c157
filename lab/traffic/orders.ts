/**
 * Clients of the API that order: each request is a row in the application's database, and its answer says that the row is there.
 * An order is looked for by the reference that its client gave it.
 */
import { randomBytes } from 'node:crypto';
import type { Agent } from 'node:http';
import { Client } from 'pg';
import { ask, Requests } from './requests';

export interface OrderReport {
  requests: number;
  failed: number;
  longestStallSeconds: number;
  acknowledged: number;
  /** Acknowledged and not there; the first ten of them in `lostRows`. */
  lost: number;
  lostRows: string[];
  /** There more than once. */
  duplicated: number;
  /** Why they failed, and how often. */
  reasons: Record<string, number>;
}

const patienceMs = 60_000;
const prefixBytes = 4;

export class Orders {
  private readonly prefix = `${randomBytes(prefixBytes).toString('hex')}/`;
  private readonly acknowledged = new Set<string>();
  private sent = 0;
  private readonly requests: Requests;

  /** `url`: of the API's orders. The last client makes a new connection each time; the others keep theirs. */
  constructor(url: string, pausesMs: number[]) {
    this.requests = new Requests(url, pausesMs, (to, agent) => this.order(to, agent));
  }

  end(): Promise<void> {
    return this.requests.end();
  }

  /** `databaseUrl`: where the application's own role finds its database now. */
  async report(databaseUrl: string): Promise<OrderReport> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ reference: string; times: number }>(
        'SELECT reference, count(*)::int AS times FROM orders WHERE reference LIKE $1 GROUP BY 1',
        [`${this.prefix}%`],
      );
      const there = new Map(rows.map(({ reference, times }) => [reference, times]));
      const { good, bad, longestStallSeconds, reasons } = this.requests;
      const lost = [...this.acknowledged].filter((reference) => !there.has(reference));
      return {
        ...{ requests: good + bad.length, failed: bad.length, longestStallSeconds, reasons },
        ...{ acknowledged: this.acknowledged.size, lost: lost.length, lostRows: lost.slice(0, 10) },
        duplicated: [...there.values()].filter((times) => times > 1).length,
      };
    } finally {
      await client.end();
    }
  }

  private async order(url: string, agent: Agent): Promise<void> {
    const reference = `${this.prefix}${++this.sent}`;
    const { status } = await ask(`${url}?reference=${reference}`, { agent, method: 'POST', patienceMs });
    if (status !== 201) throw new Error(`status ${status}`);
    this.acknowledged.add(reference);
  }
}
