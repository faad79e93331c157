/**
 * Resources of a server that are nothing but what was put: firewall rules, virtual endpoints, Microsoft Entra
 * administrators. Each is a table row; one loop makes the requests.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z, type ZodType } from 'zod';
import type { Context } from '../context';
import { timings, type Timing } from '../durations';
import { providerErrors, type AzureError } from '../errors';
import { placeOf, serverOf } from '../flexible-servers/access';
import type { FlexibleServer } from '../flexible-servers/record';
import { accept } from '../http/accepted';
import { parseBody } from '../http/body';
import { factsOf, paramsOf } from '../http/facts';
import { serverId, serverType } from '../names';
import type { OperationKind } from '../operations';
import { serverPath } from './paths';

type Collection = 'firewallRules' | 'virtualEndpoints' | 'administrators';
type Child = FlexibleServer[Collection][string];

interface ChildKind<T extends Child> {
  collection: Collection;
  body: ZodType<{ properties: Record<string, unknown> }>;
  timing: Timing;
  /** Azure's names of the operations: create, change, delete. */
  names: [string, string, string];
  record(given: Record<string, unknown>, server: FlexibleServer, path: string, before: T | undefined): T;
  view(name: string, child: T): { name?: string; properties: object; spelling?: string };
  notFound(name: string): AzureError;
  patchable: boolean;
}

const address = z.ipv4();
const firewallRules: ChildKind<FlexibleServer['firewallRules'][string]> = {
  collection: 'firewallRules',
  body: z.object({ properties: z.object({ startIpAddress: address, endIpAddress: address }) }),
  timing: timings.firewallRule,
  names: [
    'UpsertServerFirewallRulesManagementOperation',
    'UpsertServerFirewallRulesManagementOperation',
    'DropServerFirewallRulesManagementOperation',
  ],
  record: (given) => given as { startIpAddress: string; endIpAddress: string },
  view: (_name, rule) => ({ properties: rule }),
  notFound: (name) => providerErrors.childNotFound(name),
  patchable: false,
};

const virtualEndpoints: ChildKind<FlexibleServer['virtualEndpoints'][string]> = {
  collection: 'virtualEndpoints',
  body: z.object({
    properties: z.object({ endpointType: z.string().default('ReadWrite'), members: z.array(z.string()).default([]) }),
  }),
  timing: timings.virtualEndpoint,
  names: [
    'VirtualEndpointCreateManagementOperation',
    'VirtualEndpointUpdateManagementOperation',
    'VirtualEndpointDropManagementOperation',
  ],
  // The primary is always the first member, named or not; an endpoint keeps the spelling it was made under.
  record: (given, server, path, before) => ({
    endpointType: given['endpointType'] as string,
    members: [
      server.name,
      ...(given['members'] as string[]).filter((member) => member.toLowerCase() !== server.name.toLowerCase()),
    ],
    spelling: before?.spelling ?? /virtualendpoints/i.exec(path)?.[0] ?? 'virtualEndpoints',
  }),
  view: (name, { endpointType, members, spelling }) => ({
    spelling,
    properties: {
      ...{ endpointType, members },
      virtualEndpoints: ['writer', 'reader'].map((role) => `${name}.${role}.postgres.database.azure.com`),
    },
  }),
  notFound: (name) => providerErrors.typedChildNotFound(`${serverType}/virtualEndpoints`, name),
  patchable: true,
};

const administrators: ChildKind<FlexibleServer['administrators'][string]> = {
  collection: 'administrators',
  body: z.object({
    properties: z.object({ principalType: z.string(), principalName: z.string(), tenantId: z.string() }),
  }),
  timing: timings.administrator,
  names: [
    'UpsertAadAuthPrincipalManagementOperation',
    'UpsertAadAuthPrincipalManagementOperation',
    'DropAadAuthPrincipalManagementOperation',
  ],
  record: (given) => given as FlexibleServer['administrators'][string],
  // Its name is the principal's; its id ends in the object's.
  view: (objectId, administrator) => ({
    name: administrator.principalName,
    properties: { ...administrator, objectId },
  }),
  notFound: (name) => providerErrors.typedChildNotFound(`${serverType}/administrators`, name),
  patchable: false,
};

export function childRoutes(app: FastifyInstance, context: Context): void {
  for (const child of [firewallRules, virtualEndpoints, administrators]) routesOf(app, context, child);
}

export interface ChildParameters {
  collection: Collection;
  child: string;
  /** Undefined: to be deleted. */
  record?: Child;
}

export const changeChild: OperationKind<ChildParameters> = {
  repeatable: true,
  async perform(context, operation, time) {
    await time.reach(1);
    const server = context.store.server(operation.server);
    if (!server) return;
    const { collection, child, record } = operation.parameters;
    const others = Object.entries(server[collection]).filter(([name]) => name.toLowerCase() !== child.toLowerCase());
    const all = record === undefined ? others : [...others, [child, record] as const];
    context.store.putServer({ ...server, [collection]: Object.fromEntries(all) });
  },
};

function routesOf(app: FastifyInstance, context: Context, kind: ChildKind<Child>): void {
  const path = `${serverPath}/${kind.collection}`;
  const find = (server: FlexibleServer, name: string) =>
    Object.entries<Child>(server[kind.collection]).find(([key]) => key.toLowerCase() === name.toLowerCase());
  const view = (server: FlexibleServer, name: string, child: Child) => {
    const { subscription, group } = placeOf(context);
    const { spelling = kind.collection, properties, name: shown = name } = kind.view(name, child);
    const id = `${serverId(subscription, group, server.name)}/${spelling}/${name}`;
    return { properties, id, name: shown, type: `${serverType}/${spelling}` };
  };

  app.get(path, (request) => {
    const server = serverOf(context, request);
    return { value: Object.entries<Child>(server[kind.collection]).map(([name, child]) => view(server, name, child)) };
  });
  app.get(`${path}/:child`, (request) => {
    const server = serverOf(context, request);
    const { child } = paramsOf(request);
    const found = find(server, child);
    if (!found) throw kind.notFound(child);
    return view(server, ...found);
  });
  const write = (request: FastifyRequest, change: boolean) => {
    const server = serverOf(context, request);
    const { child } = paramsOf(request);
    const before = find(server, child);
    if (change && !before) throw kind.notFound(child);
    const { properties } = parseBody(kind.body, request.body);
    const record = kind.record(properties, server, factsOf(request).logged.path, before?.[1]);
    const parameters: ChildParameters = { collection: kind.collection, child, record };
    return { ...acceptanceOf(context, server, kind), name: before ? kind.names[1] : kind.names[0], parameters };
  };
  app.put(`${path}/:child`, (request, reply) => accept(context, request, reply, write(request, false)));
  if (kind.patchable)
    app.patch(`${path}/:child`, (request, reply) => accept(context, request, reply, write(request, true)));
  app.delete(`${path}/:child`, (request, reply) => {
    const server = serverOf(context, request);
    const { child } = paramsOf(request);
    if (!find(server, child)) return reply.code(204).send();
    const parameters: ChildParameters = { collection: kind.collection, child };
    return accept(context, request, reply, {
      ...acceptanceOf(context, server, kind),
      name: kind.names[2],
      parameters,
      result: 'nothing',
    });
  });
}

/** They run beside each other, but not beside a change of the server itself. */
function acceptanceOf(context: Context, server: FlexibleServer, kind: ChildKind<Child>) {
  const refusal = context.operations.isBusy(server.name, false) ? providerErrors.busyOperation(server.name) : undefined;
  return { kind: 'changeChild', server: server.name, timing: kind.timing, refusal };
}
