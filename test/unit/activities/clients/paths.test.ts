/** Several ways of clients asked as one: over HTTP, of a server that answers as it is told. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { askerFor, type PathDependencies } from '../../../../activities/clients/paths';
import type { ClientPath } from '../../../../activities/clients/contract';

let server: Server;
let asked: string[];
/** By path. */
let statuses: Record<string, number>;
// Nothing of PostgreSQL is asked.
const none = {} as PathDependencies;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url!);
    response.writeHead(statuses[request.url!] ?? 200).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
beforeEach(() => ([asked, statuses] = [[], {}]));
afterAll(() => server.close());

const way = (path: string): ClientPath => ({
  ...{ kind: 'http', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}` },
});

test('each is asked', async () => {
  const asker = await askerFor({ kind: 'every', paths: [way('/one'), way('/other')] }, none);
  await asker.ask();
  expect(asked.sort()).toEqual(['/one', '/other']);
});

test('one that fails has failed all', async () => {
  statuses = { '/other': 503 };
  const asker = await askerFor({ kind: 'every', paths: [way('/one'), way('/other')] }, none);
  await expect(asker.ask()).rejects.toThrow('answers 503');
  expect(asked.sort()).toEqual(['/one', '/other']);
  statuses = {};
  await asker.ask();
});

test('an address where nobody listens: it says where and why', async () => {
  // Beyond the labs' networks and the ports that are given to whoever asks for any.
  const url = 'http://127.253.0.1:9999/';
  const asker = await askerFor({ kind: 'http', url }, none);
  await expect(asker.ask()).rejects.toThrow(`${url}: ECONNREFUSED`);
});
