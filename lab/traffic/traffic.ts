/**
 * The production's clients: start, stop, and the report that compares what they were told with what is there.
 * What was started goes on after the daemon was killed: same run, same journals, new clients.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { readJournals } from './journal';
import { createLedger, readLedger } from './ledger';
import { LedgerClient } from './ledger-client';
import { reasonsOf } from './measurement';

export interface TrafficSettings {
  clients: number;
  /** Rows a second, all clients together. */
  rate: number;
  /** How many of the clients have synchronous_commit off, the first ones; none where absent. */
  unflushed?: number;
  /** How many of the clients connect for every row, the last ones; none where absent. */
  comingAndGoing?: number;
}

interface TrafficRun extends TrafficSettings {
  run: string;
  startedAt: string;
  running: boolean;
}

export interface TrafficReport extends TrafficRun {
  requests: number;
  failed: number;
  /** Why they failed, and how often. */
  reasons: Record<string, number>;
  longestStallSeconds: number;
  acknowledged: number;
  rowsInTable: number;
  /** Acknowledged and not there, of clients whose rows were on the disk by then; the first ten of them in `lostRows`. */
  lost: number;
  lostRows: string[];
  /** Of the other clients: what they were told may be gone after a crash of PostgreSQL, and only then. */
  ofUnflushed: { acknowledged: number; lost: number };
  /** There more than once. */
  duplicated: number;
  /** There, though the client got no answer. */
  unacknowledged: number;
}

export const trafficLimits = { clientsMax: 64, rateMax: 1000 };
const namesRandomBytes = 3;

export class Traffic {
  private clients: LedgerClient[] = [];
  private current: TrafficRun | undefined;

  constructor(
    private readonly folder: string,
    private readonly url: () => string,
  ) {
    if (existsSync(this.file)) this.current = JSON.parse(readFileSync(this.file, 'utf8')) as TrafficRun;
    if (this.current?.running) this.startClients(this.current);
  }

  /** Begins a new run; nothing changes when one is going on with these settings. Throws when a setting is out of
   * range, or the database does not answer. */
  async start(settings: TrafficSettings): Promise<void> {
    assertWithin('clients', settings.clients, 1, trafficLimits.clientsMax);
    assertWithin('rate', settings.rate, 1, trafficLimits.rateMax);
    const { unflushed = 0, comingAndGoing = 0 } = settings;
    assertWithin('unflushed', unflushed, 0, settings.clients);
    assertWithin('comingAndGoing', comingAndGoing, 0, settings.clients);
    if (this.current?.running && isSame(this.current, settings)) return;
    await this.stop();
    await this.withDatabase(createLedger);
    this.current = { ...settings, run: unique(), startedAt: new Date().toISOString(), running: true };
    this.save();
    this.startClients(this.current);
  }

  /** Ends the clients, each after the answer it waits for. The run can still be reported. */
  async stop(): Promise<void> {
    if (this.current) this.current.running = false;
    this.save();
    await this.end();
  }

  /** Ends the clients, but not the run: it goes on with the next daemon. */
  async end(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.stop()));
  }

  /** Cheap: what the clients noticed, without a look at the table. Undefined before the first start. */
  summary():
    (TrafficRun & Pick<TrafficReport, 'requests' | 'failed' | 'longestStallSeconds' | 'acknowledged'>) | undefined {
    if (!this.current) return undefined;
    const measurements = this.clients.map((client) => client.measurement);
    const sum = (of: (measurement: (typeof measurements)[0]) => number) =>
      measurements.reduce((total, one) => total + of(one), 0);
    const now = performance.now();
    return {
      ...this.current,
      requests: sum((one) => one.requests),
      failed: sum((one) => one.failed),
      longestStallSeconds: Math.max(0, ...measurements.map((one) => one.longestStallAt(now))) / 1000,
      acknowledged: sum((one) => one.acknowledged),
    };
  }

  /** Throws when no traffic was started, or the database does not answer. */
  async report(): Promise<TrafficReport> {
    const summary = this.summary();
    if (!summary) throw new Error('no traffic was started in this lab: lab traffic start');
    // The journals first: what is acknowledged after this look may or may not be in the table that is read next.
    const acknowledged = readJournals(this.runFolder(summary.run));
    const rows = await this.withDatabase((client) => readLedger(client, summary.run));
    const gone = [...acknowledged].filter((key) => !rows.has(key));
    const [lost, lostUnflushed] = [gone.filter((key) => !isUnflushed(key)), gone.filter(isUnflushed)];
    return {
      ...summary,
      reasons: reasonsOf(this.clients.map(({ measurement }) => measurement)),
      acknowledged: acknowledged.size,
      rowsInTable: rows.size,
      lost: lost.length,
      lostRows: lost.slice(0, 10),
      ofUnflushed: { acknowledged: [...acknowledged].filter(isUnflushed).length, lost: lostUnflushed.length },
      duplicated: [...rows.values()].filter((times) => times > 1).length,
      unacknowledged: summary.running ? 0 : [...rows.keys()].filter((key) => !acknowledged.has(key)).length,
    };
  }

  private async withDatabase<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({
      connectionString: this.url(),
      application_name: 'broxiva-ledger',
      connectionTimeoutMillis: 5_000,
    });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  private startClients({ clients, rate, run, unflushed = 0, comingAndGoing = 0 }: TrafficRun): void {
    mkdirSync(this.runFolder(run), { recursive: true });
    const incarnation = unique();
    this.clients = Array.from({ length: clients }, (_, index) => {
      const flushes = index >= unflushed;
      const name = `${flushes ? '' : unflushedMark}${index + 1}-${incarnation}`;
      return new LedgerClient({
        ...{ url: this.url, run, name, unflushed: !flushes },
        journalFolder: this.runFolder(run),
        paceMs: (1000 * clients) / rate,
        comesAndGoes: index >= clients - comingAndGoing,
      });
    });
  }

  private save(): void {
    mkdirSync(this.folder, { recursive: true });
    if (this.current) writeFileSync(this.file, JSON.stringify(this.current));
  }

  private get file(): string {
    return join(this.folder, 'traffic.json');
  }

  private runFolder(run: string): string {
    return join(this.folder, run);
  }
}

/** Begins the name of a client, and so the key of each of its rows. */
const unflushedMark = 'unflushed-';

function isUnflushed(key: string): boolean {
  return key.startsWith(unflushedMark);
}

function isSame(one: TrafficSettings, other: TrafficSettings): boolean {
  const told = ({ clients, rate, unflushed = 0, comingAndGoing = 0 }: TrafficSettings) =>
    [clients, rate, unflushed, comingAndGoing].join();
  return told(one) === told(other);
}

function unique(): string {
  return randomBytes(namesRandomBytes).toString('hex');
}

function assertWithin(name: string, value: number, least: number, most: number): void {
  if (!Number.isFinite(value) || value < least || value > most) {
    throw new Error(`${name} is ${value}: ${least} to ${most} are allowed`);
  }
}
