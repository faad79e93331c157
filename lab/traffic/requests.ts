/** Clients of a Service, as a browser or another service is one. */
import { Agent, type IncomingHttpHeaders, request as send } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Measurement, reasonsOf } from './measurement';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** It came over a connection that an earlier request had made. */
  reused: boolean;
}

export interface Asking {
  agent: Agent;
  method: 'GET' | 'POST';
  /** How long an answer is waited for. */
  patienceMs: number;
}

const usual = { method: 'GET', patienceMs: 10_000 } as const;

export function ask(url: string, given: Partial<Asking> = {}): Promise<Answer> {
  const { agent = new Agent(), method, patienceMs } = { ...usual, ...given };
  return new Promise((resolve, reject) => {
    const request = send(url, { agent, method, timeout: patienceMs }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const text = Buffer.concat(parts).toString();
        resolve({ status: answer.statusCode!, headers: answer.headers, text, reused: request.reusedSocket });
      });
      answer.on('error', reject);
    });
    request.on('timeout', () => reject(new Error(`no answer within ${patienceMs / 1000} s`)));
    request.on('error', reject);
    request.end();
  });
}

/**
 * Clients that go on asking, until they are ended: some keep their connection, some make a new one each time, and some
 * keep one that they use every second only.
 */
export class Requests {
  readonly bad: string[] = [];
  private going = true;
  private readonly measurements: Measurement[] = [];
  private readonly clients: Promise<unknown>;

  /** `request`: one that is answered as it is to be; throws where it is not. */
  constructor(
    private readonly url: string,
    pausesMs: number[] = [10, 10, 1_000],
    private readonly request = getting,
  ) {
    const clients = pausesMs.map((pauseMs) => this.client(pauseMs, new Agent({ keepAlive: true })));
    this.clients = Promise.all([...clients, this.client(pausesMs[0]!, new Agent())]);
  }

  get good(): number {
    return this.measurements.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Why they failed, and how often. */
  get reasons(): Record<string, number> {
    return reasonsOf(this.measurements);
  }

  /** From the first of a row of failures to the next good answer. */
  get longestStallSeconds(): number {
    const now = performance.now();
    return Math.max(...this.measurements.map((one) => one.longestStallAt(now))) / 1000;
  }

  async end(): Promise<void> {
    this.going = false;
    await this.clients;
  }

  private async client(pauseMs: number, agent: Agent): Promise<void> {
    const measurement = new Measurement();
    this.measurements.push(measurement);
    const refused = (reason: string) => {
      measurement.refused(reason);
      this.bad.push(`${new Date().toISOString()} ${reason}`);
    };
    while (this.going) {
      measurement.sent(performance.now());
      await this.request(this.url, agent).then(
        () => measurement.answered(performance.now()),
        (error: Error) => refused(error.message),
      );
      await sleep(pauseMs);
    }
    agent.destroy();
  }
}

async function getting(url: string, agent: Agent): Promise<void> {
  const { status } = await ask(url, { agent });
  if (status !== 200) throw new Error(`status ${status}`);
}
