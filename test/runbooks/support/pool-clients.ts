/** Clients of the pool that come and go: each connects, sends a few transactions, leaves, and comes again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';

const transactionsEach = 10;

export interface Habits {
  clients: number;
  /** After each transaction. */
  pauseMs: number;
  /** How long one waits for an answer. */
  patienceMs: number;
  /** Of one statement. */
  transaction: string;
}

const usual: Habits = {
  ...{ clients: 4, pauseMs: 20, patienceMs: 10_000 },
  transaction: 'BEGIN; SELECT count(*) FROM products; COMMIT',
};

export class PoolClients {
  good = 0;
  readonly bad: string[] = [];
  /** Milliseconds. */
  longest = 0;
  private ended = false;
  private readonly loops: Promise<void>[];

  private readonly habits: Habits;
  private readonly beganAt = Date.now();

  constructor(
    private readonly login: ClientConfig,
    habits: Partial<Habits> = {},
  ) {
    this.habits = { ...usual, ...habits };
    this.loops = Array.from({ length: this.habits.clients }, () => this.loop());
  }

  /** In words, for people. */
  get told(): string {
    const seconds = (Date.now() - this.beganAt) / 1000;
    const pace = Math.round(this.good / seconds);
    return `${this.good} transactions (${pace}/s), ${this.bad.length} failed, the longest took ${(this.longest / 1000).toFixed(2)} s`;
  }

  async end(): Promise<void> {
    this.ended = true;
    await Promise.all(this.loops);
  }

  private async loop(): Promise<void> {
    while (!this.ended) {
      const { patienceMs, pauseMs } = this.habits;
      const client = new Client({ ...this.login, connectionTimeoutMillis: patienceMs, query_timeout: patienceMs });
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
    await client.query(this.habits.transaction);
    this.longest = Math.max(this.longest, Date.now() - began);
    this.good += 1;
    await sleep(this.habits.pauseMs);
  }
}
