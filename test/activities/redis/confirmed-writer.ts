/** Writes one key after the other, as an application does, and remembers those that a replica has confirmed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createCluster } from 'redis';
import { slotOf } from '../../../activities/redis/cluster/markers';
import type { Member } from '../../../activities/redis/cluster/view';
import { until } from '../../../lab/processes';

const answerMs = 500;
const deadlineMs = 30_000;

const newClient = async (members: Member[]) => {
  const client = createCluster({
    rootNodes: members.map(({ host, port }) => ({ socket: { host, port } })),
    defaults: { socket: { connectTimeout: answerMs, socketTimeout: 4 * answerMs, reconnectStrategy: false } },
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

export class ConfirmedWriter {
  readonly confirmed: string[] = [];
  private stopped = false;
  private readonly writing: Promise<void>;

  /** `members`: as they are now. Begins at once. */
  constructor(private readonly members: () => Member[]) {
    this.writing = this.write();
  }

  until(count: number): Promise<void> {
    return until(`${count} keys are confirmed`, async () => this.confirmed.length >= count, {
      ...{ deadlineMs, everyMs: 20 },
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.writing;
  }

  /** With a new client whenever one has met a node that is gone. */
  private async write(): Promise<void> {
    let count = 0;
    while (!this.stopped) {
      const client = await newClient(this.members()).catch(() => undefined);
      try {
        while (client && !this.stopped) {
          const key = `confirmed-${count++}`;
          const node = await client.nodeClient(client.slots[slotOf(key)]!.master);
          const [, copies] = await Promise.all([node.set(key, key), node.wait(1, answerMs)]);
          if (copies >= 1) this.confirmed.push(key);
        }
      } catch {
        // Not confirmed: it may be there or not.
      } finally {
        client?.destroy();
      }
      await sleep(50);
    }
  }
}

/** Those that are not there. */
export async function lostOf(members: Member[], keys: string[]): Promise<string[]> {
  const client = await newClient(members);
  try {
    const values = await Promise.all(keys.map((key) => client.get(key)));
    return keys.filter((key, index) => values[index] !== key);
  } finally {
    client.destroy();
  }
}
