/** What clients notice while something is done: of the API over HTTP, and of the database over SQL. */
import { setTimeout as sleep } from 'node:timers/promises';
import { askDaemon } from '../control-client';
import type { LoggedRequest } from '../azure';
import { Orders, type OrderReport } from '../traffic/orders';
import { Traffic } from '../traffic/traffic';
import type { Stand } from './stand';

/** Of SQL: 16 clients, 320 rows a second; four of them do not wait for the disk, four others connect for every row. */
const ledger = { clients: 16, rate: 320, unflushed: 4, comingAndGoing: 4 };
/** Of HTTP: what each waits between an answer and its next order, in milliseconds; the last connects for every order. */
const ordersPausesMs = [20, 20, 20, 20, 20, 20, 20, 1000];

/** Clients go on for so long when the work is done: what it has left behind is noticed only then. */
const afterwardsMs = 3000;

/** What the clients of one kind noticed. */
export type Seen = Pick<OrderReport, 'requests' | 'failed' | 'longestStallSeconds' | 'lost' | 'duplicated'>;

export interface SeenOverSql extends Seen {
  /** Of clients with synchronous_commit off, whose rows are not among the `lost`. */
  lostUnflushed: number;
}

export interface Noticed {
  /** Of the work. */
  seconds: number;
  http: Seen;
  sql: SeenOverSql;
  /** Where a server was promoted: seconds as the endpoint reports them. */
  promotion?: Promotion;
}

export interface Promotion {
  /** From its acceptance until the server was a primary. */
  untilPrimary: number;
  /** From its acceptance to the operation's end. */
  operation: number;
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
  const orders = new Orders(await stand.ordersUrl(), ordersPausesMs);
  const began = performance.now();
  let seconds: number;
  try {
    await work();
    seconds = (performance.now() - began) / 1000;
    await sleep(afterwardsMs);
  } finally {
    // Who waits for an answer gets it.
    await Promise.all([orders.end(), rows.stop()]);
  }
  const [http, sql] = await Promise.all([orders.report(url), rows.report()]);
  tellReasons('HTTP', http);
  tellReasons('SQL', sql);
  return { seconds, http, sql: { ...sql, lostUnflushed: sql.ofUnflushed.lost } };
}

function tellReasons(way: string, { reasons }: Pick<OrderReport, 'reasons'>): void {
  for (const [reason, times] of Object.entries(reasons)) console.log(`  over ${way}, ${times} times: ${reason}`);
}

/** The last one that the endpoint has taken for that server. Throws where there is none, or it has not ended. */
export async function promotionOf({ lab }: Stand, server: string): Promise<Promotion> {
  const requests = await askDaemon<LoggedRequest[]>(lab, 'GET', '/requests');
  const last = requests.findLast((one) => one.server === server && one.effectiveAfterMs !== undefined);
  if (last?.operationMs === undefined) throw new Error(`no promotion of ${server} has ended`);
  return { untilPrimary: last.effectiveAfterMs! / 1000, operation: last.operationMs / 1000 };
}
