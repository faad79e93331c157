/**
 * Clients of an HTTP service, at a steady pace: one keeps its connection, as a balancer's do, the other makes a new one for
 * each request. A request has failed when it got no answer within its time, or another than 200.
 */
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Measurement, reasonsOf } from '../../../lab/traffic/measurement';
import type { Clients, ClientsReport } from './clients';

const paceMs = 100;
const answerTimeoutMs = 10_000;

interface Client {
  measurement: Measurement;
  done: Promise<void>;
}

export class HttpClients implements Clients {
  private clients: Client[] = [];
  private stopping = false;
  private stoppedAt = 0;

  constructor(private readonly url: string) {}

  async start(): Promise<void> {
    await this.stop();
    this.stopping = false;
    this.clients = [true, false].map((keepAlive) => {
      const measurement = new Measurement();
      return { measurement, done: this.work(new Agent({ keepAlive, maxSockets: 1 }), measurement) };
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.clients.map(({ done }) => done));
    this.stoppedAt = performance.now();
  }

  async report(): Promise<ClientsReport> {
    const all = this.clients.map(({ measurement }) => measurement);
    const sum = (of: 'requests' | 'failed') => all.reduce((total, one) => total + one[of], 0);
    const longestStallSeconds = Math.max(0, ...all.map((one) => one.longestStallAt(this.stoppedAt))) / 1000;
    return { requests: sum('requests'), failed: sum('failed'), reasons: reasonsOf(all), longestStallSeconds };
  }

  private async work(agent: Agent, measurement: Measurement): Promise<void> {
    while (!this.stopping) {
      const began = performance.now();
      measurement.sent(began);
      try {
        await this.ask(agent);
        measurement.answered(performance.now());
      } catch (error) {
        measurement.refused((error as Error).message);
      }
      await sleep(Math.max(0, paceMs - (performance.now() - began)));
    }
    agent.destroy();
  }

  private async ask(agent: Agent): Promise<void> {
    const asked = get(this.url, { agent, signal: AbortSignal.timeout(answerTimeoutMs) });
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
  }
}
