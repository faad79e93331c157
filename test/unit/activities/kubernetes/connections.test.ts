/** Goal: reads share a connection. Method: a TLS server that counts the connections it takes; the client as the worker makes it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubernetes } from '../../../../activities/kubernetes/client';
import { KeptConnections } from '../../../../activities/kubernetes/connections';
import { Authority } from '../../../../lab/authority/authority';

test('one after the other they come on connections that are kept, each with its token, until what they are made with changes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'authority-'));
  const authority = await Authority.open(folder);
  const { certificate, key } = await authority.issue(['127.0.0.1', 'localhost']);
  let connections = 0;
  const versions = new Set<string>();
  const tokens: (string | undefined)[] = [];
  const server = createSecureServer({ cert: certificate, key, allowHTTP1: true }, (asked, answer) => {
    versions.add(asked.httpVersion);
    tokens.push(asked.headers.authorization);
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify({ items: [], metadata: {} }));
  }).listen(0, '127.0.0.1');
  server.on('secureConnection', () => (connections += 1));
  await once(server, 'listening');
  const configuration = new KeptConnections();
  configuration.loadFromClusterAndUser(
    {
      ...{ name: 'here', server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, skipTLSVerify: false },
      caData: Buffer.from(authority.certificate).toString('base64'),
    },
    { name: 'worker', token: 'secret' },
  );
  const kubernetes = createKubernetes(configuration, 'default');
  try {
    for (let read = 0; read < 10; read += 1) expect(await kubernetes.readQuotas()).toEqual([]);
    expect(tokens).toEqual(Array(10).fill('Bearer secret'));
    expect([...versions]).toEqual(['1.1']);
    // The first may not be idle again when the second request is sent.
    expect(connections).toBeLessThanOrEqual(2);
    const before = connections;
    configuration.clusters = [{ ...configuration.clusters[0]!, tlsServerName: 'localhost' }];
    expect(await kubernetes.readQuotas()).toEqual([]);
    expect(connections).toBe(before + 1);
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
