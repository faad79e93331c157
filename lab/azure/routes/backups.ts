/** Backups: the list, one of them, a new one on demand, deleting that. */
import type { FastifyInstance } from 'fastify';
import { backupView } from '../backups';
import type { Context } from '../context';
import { timings } from '../durations';
import { providerErrors } from '../errors';
import { busyRefusal, placeOf, serverOf } from '../flexible-servers/access';
import { accept } from '../http/accepted';
import { paramsOf } from '../http/facts';
import { serverType } from '../names';
import { serverPath } from './paths';

export function backupRoutes(app: FastifyInstance, context: Context): void {
  const path = `${serverPath}/backups`;
  app.get(path, (request) => {
    const server = serverOf(context, request);
    return {
      value: context.faults.backupsOf(server).map((backup) => backupView(placeOf(context), server.name, backup)),
    };
  });
  app.get(`${path}/:child`, (request) => {
    const server = serverOf(context, request);
    const { child } = paramsOf(request);
    const backup = context.faults.backupsOf(server).find(({ name }) => name.toLowerCase() === child.toLowerCase());
    if (!backup) throw providerErrors.typedChildNotFound(`${serverType}/backups`, child);
    return backupView(placeOf(context), server.name, backup);
  });
  app.put(`${path}/:child`, (request, reply) => {
    const server = serverOf(context, request);
    return accept(context, request, reply, {
      ...{ kind: 'backUp', name: 'SnapshotManagementOperation', server: server.name, timing: timings.backup },
      parameters: { backup: paramsOf(request).child },
      refusal: server.started
        ? busyRefusal(context, [server.name], 'other')
        : providerErrors.serverStopped(server.name),
    });
  });
  app.delete(`${path}/:child`, (request, reply) => {
    const server = serverOf(context, request);
    const { child } = paramsOf(request);
    const backup = server.backups.find(({ name }) => name.toLowerCase() === child.toLowerCase());
    if (!backup) return reply.code(204).send();
    if (backup.source === 'Automatic') throw providerErrors.invalidParameter('backupName');
    return accept(context, request, reply, {
      ...{ kind: 'dropBackup', name: 'DropSnapshotManagementOperation', server: server.name, timing: timings.backup },
      ...{ parameters: { backup: backup.name }, result: 'nothing' },
    });
  });
}
