import { Requests } from '../../../lab/traffic/requests';

/** Several clients ask all the while, each in a way of its own, and every answer must be a good one. */
export async function withoutFailedRequests(
  url: string,
  work: () => Promise<void>,
  { pausesMs }: { pausesMs?: number[] } = {},
): Promise<void> {
  const requests = new Requests(url, pausesMs);
  await work().finally(() => requests.end());
  expect(requests.bad).toEqual([]);
  expect(requests.good).toBeGreaterThan(100);
}
