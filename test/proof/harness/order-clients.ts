/** Clients of a service that takes orders. Each that was acknowledged is a row, and looked for in the service's database. */
import { Orders } from '../../../lab/traffic/orders';
import type { Clients, ClientsReport } from './clients';

/** One keeps its connection, the other makes a new one for each order, as those that only ask do (http-clients.ts). */
const pausesMs = [100];

export class OrderClients implements Clients {
  private orders: Orders | undefined;

  constructor(
    private readonly url: string,
    private readonly databaseUrl: () => string,
  ) {}

  async start(): Promise<void> {
    await this.stop();
    this.orders = new Orders(this.url, pausesMs);
  }

  async stop(): Promise<void> {
    await this.orders?.end();
  }

  async report(): Promise<ClientsReport> {
    const { requests, failed, reasons, longestStallSeconds, ...ledger } = await this.orders!.report(this.databaseUrl());
    return { requests, failed, reasons, longestStallSeconds, ledger };
  }
}
