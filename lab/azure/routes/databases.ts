/** Databases: the server's own, made and dropped for real. */
import type { FastifyInstance } from 'fastify';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { z } from 'zod';
import type { Context } from '../context';
import { timings } from '../durations';
import { providerErrors, type AzureError } from '../errors';
import { placeOf, serverOf } from '../flexible-servers/access';
import type { FlexibleServer } from '../flexible-servers/record';
import { accept } from '../http/accepted';
import { parseBody } from '../http/body';
import { paramsOf } from '../http/facts';
import { serverId, serverType } from '../names';
import type { OperationKind } from '../operations';
import { serverPath } from './paths';

interface Database {
  name: string;
  charset: string;
  collation: string;
}

const databaseBody = z.object({
  properties: z.object({ charset: z.string().optional(), collation: z.string().optional() }).default({}),
});

export function databaseRoutes(app: FastifyInstance, context: Context): void {
  const path = `${serverPath}/databases`;
  const view = (server: string, database: Database) => ({
    properties: { charset: database.charset, collation: database.collation },
    id: `${serverId(placeOf(context).subscription, placeOf(context).group, server)}/databases/${database.name}`,
    name: database.name,
    type: `${serverType}/databases`,
  });
  app.get(path, async (request) => {
    const server = serverOf(context, request);
    return { value: (await databases(context, server.name)).map((database) => view(server.name, database)) };
  });
  app.get(`${path}/:child`, async (request) => {
    const server = serverOf(context, request);
    const { child } = paramsOf(request);
    const found = (await databases(context, server.name)).find(({ name }) => name === child);
    if (!found) throw providerErrors.typedChildNotFound(`${serverType}/databases`, child);
    return view(server.name, found);
  });
  app.put(`${path}/:child`, (request, reply) => {
    const server = serverOf(context, request);
    parseBody(databaseBody, request.body ?? {});
    return accept(context, request, reply, {
      ...{ kind: 'createDatabase', name: 'UpsertServerDatabaseManagementOperation', server: server.name },
      ...{ timing: timings.database, parameters: { database: paramsOf(request).child } },
      refusal: refusalOf(context, server),
    });
  });
  app.delete(`${path}/:child`, async (request, reply) => {
    const server = serverOf(context, request);
    const { child } = paramsOf(request);
    if (!(await databases(context, server.name)).some(({ name }) => name === child)) return reply.code(204).send();
    return accept(context, request, reply, {
      ...{ kind: 'dropDatabase', name: 'DropServerDatabaseManagementOperation', server: server.name },
      ...{ timing: timings.database, parameters: { database: child }, result: 'nothing' },
      refusal: refusalOf(context, server),
    });
  });
}

function refusalOf(context: Context, server: FlexibleServer): AzureError | undefined {
  if (server.source !== undefined) return providerErrors.replicaIsReadOnly(server.name, 'databases');
  return context.operations.isBusy(server.name, false) ? providerErrors.busyOperation(server.name) : undefined;
}

/** As the administrator would make it: owned by them. */
export const createDatabase: OperationKind<{ database: string }> = {
  repeatable: true,
  async perform(context, operation) {
    await makeDatabase(context, operation.server, operation.parameters.database);
  },
};

export const dropDatabase: OperationKind<{ database: string }> = {
  repeatable: true,
  async perform(context, operation) {
    const name = escapeIdentifier(operation.parameters.database);
    await context.postgres(operation.server).sql(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  },
};

export async function makeDatabase(context: Context, server: string, name: string): Promise<void> {
  const process = context.postgres(server);
  const existing = await process.sql(`SELECT 1 FROM pg_database WHERE datname = ${escapeLiteral(name)}`);
  if (existing.length > 0) return;
  const owner = context.store.server(server)!.administratorLogin;
  await process.sql(`CREATE DATABASE ${escapeIdentifier(name)} OWNER ${escapeIdentifier(owner)}`);
}

function databases(context: Context, server: string): Promise<Database[]> {
  return context
    .postgres(server)
    .sql<Database>(
      'SELECT datname AS name, pg_encoding_to_char(encoding) AS charset, datcollate AS collation FROM pg_database WHERE NOT datistemplate',
    );
}
