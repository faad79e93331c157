/** The daemon's control interface: HTTP over a unix socket in the lab's folder, for the command line and for tests. */
import Fastify, { type FastifyInstance } from 'fastify';
import { chmod, rm } from 'node:fs/promises';
import type { Daemon } from './daemon';

type Named = { Params: { name: string }; Body: Record<string, unknown> | undefined };

export async function serveControl(daemon: Daemon, socket: string): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true });
  app.setErrorHandler((error: Error, _request, reply) => reply.code(400).send({ message: error.message }));
  app.get('/ready', () => ({ ready: true }));
  app.get('/status', () => daemon.status());
  app.get('/requests', () => daemon.requests());

  app.get('/traffic', () => daemon.traffic.report());
  app.post<{ Body: { clients: number; rate: number } }>('/traffic', ({ body }) => daemon.startTraffic(body));
  app.delete('/traffic', () => daemon.stopTraffic());

  app.get('/faults', () => daemon.faults());
  app.post<Named>('/faults/:name', ({ params, body }) => daemon.armFault(params.name, body ?? {}));
  app.delete('/faults', () => daemon.clearFaults());

  app.put<{ Params: { name: string }; Body: { seconds: number } }>('/times/:name', ({ params, body }) =>
    daemon.setTime(params.name, body.seconds),
  );
  app.delete<Named>('/times/:name', ({ params }) => daemon.setTime(params.name, undefined));

  app.post<Named>('/postgres/:name/kill', ({ params }) => daemon.killPostgres(params.name));
  app.post<Named>('/postgres/:name/start', ({ params }) => daemon.startPostgres(params.name));

  await rm(socket, { force: true });
  await app.listen({ path: socket });
  await chmod(socket, 0o600);
  return app;
}
