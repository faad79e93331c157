/** A client of a cluster, as an application's: one key in each command, one after the other. Counts what fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createCluster } from 'redis';
import type { Member } from '../../../activities/redis/cluster/view';
import { Measurement } from '../../../lab/traffic/measurement';

const newClient = (members: Member[], password?: string) =>
  createCluster({
    rootNodes: members.map(({ host, port }) => ({ socket: { host, port } })),
    defaults: password === undefined ? {} : { password },
  });

export interface TrafficOptions {
  password?: string;
  /** Between two writes; none where absent. */
  paceMs?: number;
}

export class ClusterTraffic {
  /** As they were acknowledged. */
  readonly written = new Map<string, string>();
  readonly errors: string[] = [];
  readonly measurement = new Measurement();
  private readonly unknown = new Map<string, string>();
  private stopping = false;
  private working: Promise<void> = Promise.resolve();
  private client: ReturnType<typeof newClient> | undefined;

  constructor(
    private readonly members: () => Member[],
    private readonly options: TrafficOptions = {},
  ) {}

  /** Resolves when so many keys are written; goes on reading and writing them. */
  async start(keys: number): Promise<this> {
    this.client = newClient(this.members(), this.options.password);
    this.client.on('error', () => undefined);
    await this.client.connect();
    const names = Array.from({ length: keys }, (_, index) => `traffic-${index}`);
    await eachThousand(names, (name) => this.set(name, name));
    this.working = this.work(names);
    return this;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.working;
  }

  /** Those that are not as they were acknowledged, or that a client of now cannot ask for. */
  async lost(members = this.members()): Promise<string[]> {
    const client = newClient(members, this.options.password);
    client.on('error', () => undefined);
    await client.connect();
    try {
      const names = [...this.written.keys()];
      const lost = await eachThousand(names, async (name) => {
        try {
          return this.couldBe(name, await client.get(name)) ? [] : [name];
        } catch (error) {
          return [`${name} (${(error as Error).message})`];
        }
      });
      return lost.flat();
    } finally {
      client.destroy();
    }
  }

  destroy(): void {
    this.client?.destroy();
  }

  private async work(names: string[]): Promise<void> {
    for (let count = 0; !this.stopping; count++) {
      const name = names[(count * 7919) % names.length]!;
      this.measurement.sent(performance.now());
      try {
        const value = await this.client!.get(name);
        if (!this.couldBe(name, value)) this.errors.push(`${name} was ${value}`);
        await this.set(name, `${name}-${count}`);
        this.measurement.answered(performance.now());
      } catch (error) {
        const { message, constructor } = error as Error;
        const reason = message || constructor.name;
        this.errors.push(reason);
        this.measurement.refused(reason);
        // Not acknowledged: it may be there or not.
        this.unknown.set(name, `${name}-${count}`);
        await sleep(20);
      }
      if (this.options.paceMs !== undefined) await sleep(this.options.paceMs);
    }
  }

  private couldBe(name: string, value: string | null): boolean {
    return value === this.written.get(name) || (value !== null && value === this.unknown.get(name));
  }

  private async set(name: string, value: string): Promise<void> {
    await this.client!.set(name, value);
    this.written.set(name, value);
    this.unknown.delete(name);
  }
}

/** All at once would take more than a gigabyte of memory. */
export async function eachThousand<Answer>(names: string[], ask: (name: string) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let from = 0; from < names.length; from += 1000) {
    answers.push(...(await Promise.all(names.slice(from, from + 1000).map(ask))));
  }
  return answers;
}
