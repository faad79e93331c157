/**
 * Clients of a cache, at a steady pace, as an application's: on a connection over TLS that is made anew when it breaks. A
 * request has failed when it got no answer within its time.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { Measurement } from '../../../lab/traffic/measurement';
import type { Clients, ClientsReport } from './clients';

const paceMs = 100;
const answerTimeoutMs = 3_000;

export interface RedisPlace {
  url: string;
  /** PEM file. */
  authorityFile: string;
}

export class RedisClients implements Clients {
  private measurement = new Measurement();
  private working: Promise<void> = Promise.resolve();
  private stopping = false;
  private stoppedAt = 0;

  constructor(private readonly place: () => RedisPlace) {}

  async start(): Promise<void> {
    await this.stop();
    this.stopping = false;
    this.measurement = new Measurement();
    this.working = this.work();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.working;
    this.stoppedAt = performance.now();
  }

  report(): Promise<ClientsReport> {
    const { requests, failed, reasons } = this.measurement;
    const longestStallSeconds = this.measurement.longestStallAt(this.stoppedAt) / 1000;
    return Promise.resolve({ requests, failed, reasons: Object.fromEntries(reasons), longestStallSeconds });
  }

  private async work(): Promise<void> {
    let client: ReturnType<RedisClients['client']> | undefined;
    while (!this.stopping) {
      const began = performance.now();
      this.measurement.sent(began);
      try {
        if (!client) {
          client = this.client();
          client.on('error', () => undefined);
          await client.connect();
        }
        await client.set('asked', String(Date.now()));
        this.measurement.answered(performance.now());
      } catch (error) {
        this.measurement.refused((error as Error).message);
        client?.destroy();
        client = undefined;
      }
      await sleep(Math.max(0, paceMs - (performance.now() - began)));
    }
    client?.destroy();
  }

  private client() {
    const { url, authorityFile } = this.place();
    const limits = { connectTimeout: answerTimeoutMs, socketTimeout: answerTimeoutMs };
    return createClient({
      url,
      socket: { tls: true, ca: readFileSync(authorityFile), reconnectStrategy: false, ...limits },
    });
  }
}
