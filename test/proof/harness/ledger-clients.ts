/** Clients that write a ledger into a PostgreSQL server: the lab's traffic, without its settings. */
import { Traffic } from '../../../lab/traffic/traffic';
import type { Clients, ClientsReport } from './clients';

/**
 * One of them does not wait until its rows are on the disk, another connects for every row. While a server is away each fails ten times a
 * second, whoever comes and goes no more often than who stays: the default budget of 200 lasts for 6 s.
 */
const settings = { clients: 3, rate: 30, unflushed: 1, comingAndGoing: 1 };

export class LedgerClients implements Clients {
  private readonly traffic: Traffic;

  constructor(folder: string, url: () => string) {
    this.traffic = new Traffic(folder, url);
  }

  start(): Promise<void> {
    return this.traffic.start(settings);
  }

  stop(): Promise<void> {
    return this.traffic.stop();
  }

  async report(): Promise<ClientsReport> {
    const { requests, failed, reasons, longestStallSeconds, ...ledger } = await this.traffic.report();
    return { requests, failed, reasons, longestStallSeconds, onServer: true, ledger };
  }
}
