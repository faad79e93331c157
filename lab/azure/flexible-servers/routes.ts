/** The requests about servers themselves. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { capabilities } from '../capabilities';
import type { Context } from '../context';
import { timings } from '../durations';
import { gatewayErrors, providerErrors } from '../errors';
import { accept } from '../http/accepted';
import { parseBody } from '../http/body';
import { paramsOf } from '../http/facts';
import { provider } from '../names';
import { busyRefusal, placeOf, refusalOf, serverOf, stateOf, viewOf } from './access';
import { serverBody, type ServerBody } from './body';
import { planCreate, postgresVersion } from './create';
import { assertPromotable, promotionIn } from './promote';
import type { FlexibleServer, ServerState } from './record';
import { planReplica } from './replica';
import { replicaView } from './resource';
import { planUpdate, relativesOf, updateTiming, type Update } from './update';

import { isRegion } from '../names';
import { locationPath, serverPath, serversPath, subscriptionPath } from '../routes/paths';

export function serverRoutes(app: FastifyInstance, context: Context): void {
  const all = () => ({
    value: context.store.servers.map((server) => context.faults.staleView(server.name) ?? viewOf(context, server)),
  });
  app.get(serversPath, all);
  app.get(`${subscriptionPath}/providers/${provider}/flexibleServers`, all);
  app.get(serverPath, (request) => {
    const server = serverOf(context, request);
    return (
      context.faults.staleView(server.name) ?? { ...viewOf(context, server), ...context.faults.padding(server.name) }
    );
  });
  app.get(`${serverPath}/replicas`, (request) => replicas(context, serverOf(context, request)));
  const offered = () => capabilities((sku) => context.faults.isSkuUnavailable(sku), postgresVersion);
  app.get(`${serverPath}/capabilities`, (request) => {
    serverOf(context, request);
    return offered();
  });
  app.get(`${locationPath}/capabilities`, (request) => {
    if (!isRegion(paramsOf(request).location)) throw providerErrors.invalidParameter('location');
    return offered();
  });

  app.put(serverPath, (request, reply) => put(context, request, reply));
  app.patch(serverPath, (request, reply) => patch(context, request, reply, serverOf(context, request)));
  app.delete(serverPath, (request, reply) => remove(context, request, reply));
  app.post(`${serverPath}/restart`, (request, reply) => lifecycle(context, request, reply, 'restart'));
  app.post(`${serverPath}/stop`, (request, reply) => lifecycle(context, request, reply, 'stop'));
  app.post(`${serverPath}/start`, (request, reply) => lifecycle(context, request, reply, 'start'));
}

function replicas(context: Context, primary: FlexibleServer) {
  return {
    value: context.store
      .replicasOf(primary.name)
      .map((server) =>
        replicaView(placeOf(context), server, stateOf(context, server), server.started ? 'Active' : 'Provisioning'),
      ),
  };
}

function put(context: Context, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const body = parseBody(serverBody, request.body);
  const { server: name } = paramsOf(request);
  const existing = context.store.server(name);
  if (existing) return patch(context, request, reply, existing);
  if (body.location === undefined) throw gatewayErrors.locationRequired();
  const mode = body.properties.createMode?.toLowerCase() ?? 'default';
  if (mode === 'replica') return putReplica(context, request, reply, body);
  if (!['default', 'create'].includes(mode)) throw providerErrors.invalidParameter('createMode');
  const server = planCreate(name, body, (sku) => context.faults.isSkuUnavailable(sku), new Date().toISOString());
  context.store.putServer(server);
  return accept(context, request, reply, {
    ...{ kind: 'create', name: 'UpsertServerManagementOperationV2', server: server.name, exclusive: true },
    holds: [{ server: server.name, state: 'Provisioning' }],
    ...{ timing: timings.createServer, secret: body.properties.administratorLoginPassword },
  });
}

function putReplica(context: Context, request: FastifyRequest, reply: FastifyReply, body: ServerBody): FastifyReply {
  const { server: name } = paramsOf(request);
  const find = (server: string) => context.store.server(server);
  const replicasOf = (server: string) => context.store.replicasOf(server);
  const unavailable = (sku: string) => context.faults.isSkuUnavailable(sku);
  let replica: FlexibleServer | undefined;
  const refused = refusalOf(() => {
    replica = planReplica(name, body, find, replicasOf, unavailable, new Date().toISOString());
  });
  const source = replica?.source ?? '';
  const refusal = refused ?? busyRefusal(context, [source], 'other');
  if (replica && !refusal) context.store.putServer(replica);
  return accept(context, request, reply, {
    ...{ kind: 'createReplica', name: 'CreateReadReplicaManagementOperation', server: name, exclusive: true },
    holds: [
      { server: name, state: 'Provisioning' },
      { server: source, state: 'Updating' },
    ],
    ...{ timing: timings.createReplica, parameters: { source }, refusal },
  });
}

function patch(context: Context, request: FastifyRequest, reply: FastifyReply, server: FlexibleServer): FastifyReply {
  const body = parseBody(serverBody, request.body);
  const promotion = promotionIn(body, server);
  const { administratorLoginPassword: password, ...properties } = body.properties;
  let planned: Update | undefined;
  const refused = refusalOf(() => {
    if (promotion) assertPromotable(server, context.store.server(server.source!)!, promotion);
    else
      planned = planUpdate(server, body, relativesOf(context, server), (sku) => context.faults.isSkuUnavailable(sku));
    if (!server.started) throw providerErrors.serverStopped(server.name);
  });
  if (promotion) {
    const switchover = promotion.mode === 'Switchover';
    const servers = [server.name, server.source!];
    const refusal = busyRefusal(context, servers, 'other') ?? refused;
    if (!refusal) context.faults.beforeUpdate(server.name, () => viewOf(context, server));
    return accept(context, request, reply, {
      ...{ kind: 'promote', server: server.name, exclusive: true, parameters: promotion },
      name: switchover ? 'ReadReplicaSiteSwapManagementOperation' : 'PromoteReadReplicaManagementOperation',
      holds: servers.map((held) => ({ server: held, state: 'Updating' as const })),
      timing: switchover ? timings.switchover : timings.promote,
      refusal,
    });
  }
  const refusal =
    busyRefusal(context, [server.name], 'write') ??
    refused ??
    (planned?.compute && context.faults.refusesSizeChange(server.name)
      ? providerErrors.skuUnavailable(planned.server.sku.name, server.location)
      : undefined);
  if (!refusal) context.faults.beforeUpdate(server.name, () => viewOf(context, server));
  const timing = planned ? updateTiming(planned) : timings.otherProperties;
  return accept(context, request, reply, {
    ...{ kind: 'update', name: 'UpsertServerManagementOperationV2', server: server.name, exclusive: true },
    holds: [{ server: server.name, state: 'Updating' }],
    ...{ timing, refusal, secret: password },
    parameters: { body: { ...body, properties }, computeShare: timings.compute.seconds / timing.seconds },
  });
}

function remove(context: Context, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const server = context.store.server(paramsOf(request).server);
  if (!server) return reply.code(204).send();
  const followers = context.store.replicasOf(server.name);
  if (followers.length > 0) throw providerErrors.replicasExist(server.name, followers.length);
  const source = server.source === undefined ? [] : [server.source];
  const holds: { server: string; state: ServerState }[] = [
    { server: server.name, state: 'Dropping' },
    ...source.map((held) => ({ server: held, state: 'Updating' as const })),
  ];
  return accept(context, request, reply, {
    ...{ kind: 'drop', server: server.name, exclusive: true, holds, timing: timings.deleteServer, result: 'nothing' },
    name: server.source === undefined ? 'DropServerManagementOperation' : 'DropReadReplicaManagementOperation',
    refusal: busyRefusal(context, [server.name, ...source], 'other'),
  });
}

const lifecycles = {
  restart: { name: 'RestartServerManagementOperation', state: 'Restarting', timing: timings.restart },
  stop: { name: 'StopServerManagementOperation', state: 'Stopping', timing: timings.stop },
  start: { name: 'StartServerManagementOperation', state: 'Starting', timing: timings.start },
} as const;

function lifecycle(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  kind: keyof typeof lifecycles,
): FastifyReply {
  const server = serverOf(context, request);
  const { name, state: holdState, timing } = lifecycles[kind];
  const state = stateOf(context, server);
  const right = kind === 'start' ? 'Stopped' : 'Ready';
  const wrongState = kind === 'start' ? providerErrors.notStopped : providerErrors.notStarted;
  return accept(context, request, reply, {
    ...{ kind, name, server: server.name, exclusive: true, timing },
    holds: [{ server: server.name, state: holdState }],
    refusal: state === right ? busyRefusal(context, [server.name], 'other') : wrongState(server.name, state),
  });
}
