/** Clients of the pool that come and go: each connects, sends a few transactions, leaves, and comes again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';

const clientsCount = 4;
const transactionsEach = 10;
const pauseMs = 20;

export class PoolClients {
  good = 0;
  readonly bad: string[] = [];
  /** Milliseconds. */
  longest = 0;
  private ended = false;
  private readonly loops: Promise<void>[];

  constructor(private readonly login: ClientConfig) {
    this.loops = Array.from({ length: clientsCount }, () => this.loop());
  }

  async end(): Promise<void> {
    this.ended = true;
    await Promise.all(this.loops);
  }

  private async loop(): Promise<void> {
    while (!this.ended) {
      const client = new Client({ ...this.login, connectionTimeoutMillis: 10_000, query_timeout: 10_000 });
      client.on('error', () => undefined);
      const began = Date.now();
      try {
        await client.connect();
        this.longest = Math.max(this.longest, Date.now() - began);
        for (let sent = 0; sent < transactionsEach && !this.ended; sent++) await this.transact(client);
      } catch (error) {
        this.bad.push((error as Error).message);
        await sleep(pauseMs);
      }
      void client.end().catch(() => undefined);
    }
  }

  private async transact(client: Client): Promise<void> {
    const began = Date.now();
    await client.query('BEGIN; SELECT count(*) FROM products; COMMIT');
    this.longest = Math.max(this.longest, Date.now() - began);
    this.good += 1;
    await sleep(pauseMs);
  }
}
