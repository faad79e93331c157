/** A unix socket that answers once the nodes are there. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';

export async function serveReady(socket: string): Promise<Server> {
  await rm(socket, { force: true });
  const server = createServer((_request, response) => response.end('ready\n')).listen(socket);
  await once(server, 'listening');
  return server;
}
