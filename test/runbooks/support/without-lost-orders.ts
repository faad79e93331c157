import { Orders } from '../../../lab/traffic/orders';

/** Few enough that no autoscaler adds pods because of them. */
const pausesMs = [100, 1000];

/** Several clients order all the while, each in a way of its own; every order must be taken, and be in the database, once. */
export async function withoutLostOrders(
  { url, database }: { url: string; database: string },
  work: () => Promise<void>,
): Promise<void> {
  const orders = new Orders(url, pausesMs);
  await work().finally(() => orders.end());
  const { requests, acknowledged, longestStallSeconds, ...rest } = await orders.report(database);
  console.log(`${acknowledged} orders were taken, the longest wait was ${longestStallSeconds.toFixed(2)} s`);
  expect(rest).toEqual({ failed: 0, reasons: {}, lost: 0, lostRows: [], duplicated: 0 });
  expect(acknowledged).toBe(requests);
  expect(acknowledged).toBeGreaterThan(100);
}
