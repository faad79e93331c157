/**
 * One client of the production: writes a row, waits for the answer, notes it, and goes on at its pace. When something
 * fails it connects anew at once, then every tenth of a second.
 *
 * A sequence number is used once: whether a failed request left a row behind is unknown, and may stay so.
 */
import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { Journal } from './journal';
import { insertRow, insertRowUnflushed } from './ledger';
import { Measurement } from './measurement';

export interface ClientOptions {
  /** Read anew for every connection, as an application reads its secret. */
  url(): string;
  run: string;
  name: string;
  journalFolder: string;
  /** Does not wait until its rows are on the disk. */
  unflushed: boolean;
  /** Milliseconds between two requests. */
  paceMs: number;
  /** Connects for every row, and leaves after it. */
  comesAndGoes: boolean;
}

/** As long as clients over HTTP wait (orders.ts): while a pooler is paused, or stands still, who waits is served, also who is new. */
const patienceMs = 60_000;
const retryMs = 100;

export class LedgerClient {
  readonly measurement = new Measurement();
  private connection: Client | undefined;
  private stopping = false;
  private readonly finished: Promise<void>;

  constructor(private readonly options: ClientOptions) {
    this.finished = this.work();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.finished;
  }

  private async work(): Promise<void> {
    const journal = new Journal(this.options.journalFolder, this.options.name);
    for (let sequence = 1, failures = 0; !this.stopping; sequence++) {
      const began = performance.now();
      failures = (await this.write(sequence, journal)) ? 0 : failures + 1;
      const pause = failures === 0 ? this.options.paceMs : failures === 1 ? 0 : Math.max(retryMs, this.options.paceMs);
      await sleep(Math.max(0, pause - (performance.now() - began)));
    }
    journal.close();
    await this.connection?.end().catch(() => undefined);
  }

  private async write(sequence: number, journal: Journal): Promise<boolean> {
    const { run, name, unflushed } = this.options;
    const insert = unflushed ? insertRowUnflushed : insertRow;
    this.measurement.sent(performance.now());
    try {
      this.connection ??= await this.connect();
      await insert(this.connection, { run, client: name, sequence });
    } catch (error) {
      this.measurement.refused(reasonOf(error));
      this.disconnect();
      return false;
    }
    journal.acknowledged(sequence);
    this.measurement.answered(performance.now());
    if (this.options.comesAndGoes) this.disconnect();
    return true;
  }

  private async connect(): Promise<Client> {
    const client = new Client({
      ...{ connectionString: this.options.url(), application_name: 'broxiva-traffic' },
      ...{ connectionTimeoutMillis: patienceMs, query_timeout: patienceMs },
    });
    client.on('error', () => {
      if (this.connection === client) this.disconnect();
    });
    await client.connect();
    return client;
  }

  private disconnect(): void {
    const client = this.connection;
    this.connection = undefined;
    void client?.end().catch(() => undefined);
  }
}

/** The SQLSTATE or the system's code, with the words. */
function reasonOf(error: unknown): string {
  const { code, message } = error as Error & { code?: string };
  return code ? `${code} ${message}` : message;
}
