/** Is a name still free? Asked of a region, or (for a virtual endpoint) of no region at all. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Context } from '../context';
import { isServerName } from '../flexible-servers/create';
import { parseBody } from '../http/body';
import { provider, serverType } from '../names';
import { locationPath, subscriptionPath } from './paths';

const nameBody = z.object({ name: z.string(), type: z.string().default(serverType) });

export function nameAvailabilityRoutes(app: FastifyInstance, context: Context): void {
  const check = (request: FastifyRequest) => {
    const { name, type } = parseBody(nameBody, request.body);
    const answer = (problem?: { reason: string; message: string }) => ({
      ...{ name, type, nameAvailable: problem === undefined },
      ...(problem ?? { message: '' }),
    });
    if (isTaken(context, name)) return answer({ reason: 'AlreadyExists', message: 'Specified name is already used.' });
    if (!isServerName(name)) return answer({ reason: 'Invalid', message: 'Specified name is invalid.' });
    return answer();
  };
  app.post(`${locationPath}/checkNameAvailability`, check);
  app.post(`${subscriptionPath}/providers/${provider}/checkNameAvailability`, check);
}

/** Servers and virtual endpoints share the domain postgres.database.azure.com. */
function isTaken(context: Context, name: string): boolean {
  const endpoints = context.store.servers.flatMap((server) => Object.keys(server.virtualEndpoints));
  return context.store.server(name) !== undefined || endpoints.some((one) => one.toLowerCase() === name.toLowerCase());
}
