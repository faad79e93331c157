/**
 * Goal: tokens come from the identity endpoint as from App Service's, and only its own are valid.
 * Method: the endpoint over HTTP, and the Azure SDK's own credential against it.
 */
import { ManagedIdentityCredential } from '@azure/identity';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createIdentityEndpoint } from '../../lab/daemon/identity';
import { Tokens } from '../../lab/daemon/tokens';

const header = 'the-header';
const tokens = new Tokens('secret');
let endpoint: Server;
let url: string;

beforeAll(async () => {
  endpoint = createIdentityEndpoint(tokens, header).listen(0, '127.0.0.1');
  await new Promise((resolve) => endpoint.once('listening', resolve));
  url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/msi/token`;
});
afterAll(() => endpoint.close());

test('the SDK gets a token that is valid', async () => {
  process.env.IDENTITY_ENDPOINT = url;
  process.env.IDENTITY_HEADER = header;
  const token = await new ManagedIdentityCredential().getToken('https://management.azure.com/.default');
  expect(tokens.isValid(token.token)).toBe(true);
  expect(token.expiresOnTimestamp).toBeGreaterThan(Date.now());
});

test.each([
  ['another header', '?api-version=2019-08-01&resource=r', 'other', 401],
  ['another version', '?api-version=2018-01-01&resource=r', header, 400],
  ['no resource', '?api-version=2019-08-01', header, 400],
])('%s is refused', async (_what, query, sent, status) => {
  const answer = await fetch(url + query, { headers: { 'x-identity-header': sent } });
  expect(answer.status).toBe(status);
});

test('only its own tokens are valid, until they expire', () => {
  const { token, expiresOn } = tokens.issue('r');
  expect(tokens.isValid(token)).toBe(true);
  expect(tokens.isValid('lab')).toBe(true);
  expect(tokens.isValid(token, expiresOn * 1000)).toBe(false);
  expect(new Tokens('another secret').isValid(token)).toBe(false);
  for (const text of ['', 'x', 'a.b.c', `${token}x`, 'Lab']) expect(tokens.isValid(text)).toBe(false);
});
