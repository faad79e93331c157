/** An HTTPS server that talks to the API server alone: it asks for the one client certificate that the API server has. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { RequestListener } from 'node:http';
import type { Authority } from '../../authority/authority';
import { credentialFiles } from '../control/credentials';
import type { ClusterLayout } from '../layout';

export async function serveApiServer(
  { host, port }: { host: string; port: number },
  layout: ClusterLayout,
  authority: Authority,
  listener: RequestListener,
): Promise<Server> {
  const { key, certificate } = await authority.issue([host]);
  const ca = readFileSync(layout.path(credentialFiles.apiServerClientCertificate));
  const options = { key, cert: certificate, ca, requestCert: true, rejectUnauthorized: true };
  const server = createServer(options, listener).listen(port, host);
  await once(server, 'listening');
  return server;
}
