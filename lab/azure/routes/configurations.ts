/** Server parameters. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Setting } from '../../postgres/server';
import { ownSettings } from '../configurations/own';
import { planConfiguration, sizedDefaults } from '../configurations/update';
import { configurationView } from '../configurations/view';
import type { Context } from '../context';
import { timings } from '../durations';
import { providerErrors } from '../errors';
import { busyRefusal, placeOf, serverOf } from '../flexible-servers/access';
import type { FlexibleServer } from '../flexible-servers/record';
import { accept } from '../http/accepted';
import { parseBody } from '../http/body';
import { paramsOf } from '../http/facts';
import { serverPath } from './paths';

const configurationBody = z.object({
  properties: z.object({ value: z.string().optional(), source: z.string().optional() }).default({}),
});

export function configurationRoutes(app: FastifyInstance, context: Context): void {
  const view = (server: FlexibleServer, setting: Setting) =>
    configurationView(placeOf(context), server, setting, sizedDefaults(server, context.options.memoryFactor));
  app.get(`${serverPath}/configurations`, async (request) => {
    const server = serverOf(context, request);
    return { value: (await settingsOf(context, server)).map((setting) => view(server, setting)) };
  });
  app.get(`${serverPath}/configurations/:child`, async (request) => {
    const server = serverOf(context, request);
    const { child } = paramsOf(request);
    const setting = find(await settingsOf(context, server), child);
    if (!setting) throw providerErrors.childNotFound(child);
    return view(server, setting);
  });
  app.patch(`${serverPath}/configurations/:child`, (request, reply) =>
    change(context, request, reply, 'UpdateOrcasServerParameterManagementOperation'),
  );
  app.put(`${serverPath}/configurations/:child`, (request, reply) =>
    change(context, request, reply, 'UpdateConfigurationManagementOperation'),
  );
}

async function change(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
): Promise<FastifyReply> {
  const server = serverOf(context, request);
  const { child } = paramsOf(request);
  const body = parseBody(configurationBody, request.body);
  const refusal = server.started
    ? busyRefusal(context, [server.name], 'other')
    : providerErrors.serverStopped(server.name);
  const acceptance = {
    ...{ kind: 'updateConfiguration', name, server: server.name, timing: timings.configuration },
    // Exclusive: a second parameter at the same time is refused as busy, which is why clients set them one by one.
    ...{ exclusive: true, holds: [{ server: server.name, state: 'Updating' as const }] },
  };
  if (refusal) return accept(context, request, reply, { ...acceptance, refusal });
  const setting = find(await settingsOf(context, server), child);
  if (!setting) throw providerErrors.unknownConfiguration(child);
  const parameters = await planConfiguration(context, server, setting, body.properties);
  return accept(context, request, reply, {
    ...acceptance,
    parameters,
    refusal: busyRefusal(context, [server.name], 'other'),
  });
}

/** Throws Azure's 500 when PostgreSQL cannot be asked: it is stopped, or being made. */
async function settingsOf(context: Context, server: FlexibleServer): Promise<Setting[]> {
  try {
    return [...(await context.postgres(server.name).settings()), ...ownSettings(server)];
  } catch {
    throw providerErrors.unexpected(randomUUID());
  }
}

function find(settings: Setting[], name: string): Setting | undefined {
  return settings.find((setting) => setting.name.toLowerCase() === name.toLowerCase());
}
