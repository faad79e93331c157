/** What clients notice while something is done: of the API over HTTP, and of the database over SQL. */
import type { Stand } from './stand';
import { Requests } from '../traffic/requests';
import { Traffic, type TrafficReport } from '../traffic/traffic';

/** What connects: 12 clients of SQL, 300 rows a second; four of HTTP, as many requests as they get answers for. */
const ledger = { clients: 12, rate: 300 };

export interface Noticed {
  /** Of the work; the clients go on for a moment after it. */
  seconds: number;
  http: { requests: number; failed: number; longestStallSeconds: number };
  sql: Pick<TrafficReport, 'requests' | 'failed' | 'longestStallSeconds' | 'lost' | 'duplicated'>;
}

/** `url`: where the clients of SQL connect. */
export async function noticedDuring(
  stand: Stand,
  name: string,
  url: string,
  work: () => Promise<void>,
): Promise<Noticed> {
  const rows = new Traffic(stand.lab.path('traffic', name), () => url);
  await rows.start(ledger);
  const requests = new Requests(await stand.apiUrl());
  const began = performance.now();
  try {
    await work();
  } finally {
    // Who waits for an answer gets it.
    await Promise.all([requests.end(), rows.stop()]);
  }
  const seconds = (performance.now() - began) / 1000;
  const { good, bad, longestStallSeconds } = requests;
  return {
    seconds,
    http: { requests: good + bad.length, failed: bad.length, longestStallSeconds },
    sql: await rows.report(),
  };
}
