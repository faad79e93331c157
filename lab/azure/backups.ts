/**
 * Backups of a server: real base backups. One is taken when a server is new, then one a day; a client may ask for more.
 * A replica has none of its own; its history begins with its promotion.
 */
import { rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { Context } from './context';
import type { BackupRecord } from './flexible-servers/record';
import { longTime } from './http/headers';
import { serverId, serverType } from './names';
import type { OperationKind } from './operations';

/** Azure backs up once a day whatever the retention is; the lab keeps the two newest, each is a copy of the data. */
const automaticEveryMs = 24 * 60 * 60 * 1000;
const automaticKept = 2;

/** A restart cuts a backup off: then it is taken anew, this often, with this much time between. */
const attemptsMax = 5;
const betweenAttemptsMs = 2000;

export async function takeAutomaticBackup(context: Context, serverName: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const taken = await context.postgres(serverName).backup();
      // As Azure names them: the completion time in .NET ticks.
      const name = `backup_${BigInt(Date.parse(taken.completedAt)) * 10_000n + 621_355_968_000_000_000n}`;
      await keep(context, serverName, {
        ...{ name, type: 'Full', source: 'Automatic', completedAt: taken.completedAt, folder: taken.folder },
      });
      return;
    } catch (error) {
      // The server may be gone, or down, by now.
      if (!context.store.server(serverName)?.started) return;
      if (attempt === attemptsMax) return context.warn(`the automatic backup of ${serverName} failed`, error);
      await setTimeout(betweenAttemptsMs, undefined, { ref: false });
    }
  }
}

/** Backs up every started server whose newest automatic backup is a day old. */
export async function takeDueBackups(context: Context): Promise<void> {
  for (const server of context.store.servers) {
    if (server.source !== undefined) continue;
    const newest = server.backups.filter(({ source }) => source === 'Automatic').at(-1);
    const due = !newest || Date.now() - Date.parse(newest.completedAt) > automaticEveryMs;
    if (due && server.started && context.operations.inProgress(server.name).length === 0) {
      await takeAutomaticBackup(context, server.name);
    }
  }
}

export const backUp: OperationKind<{ backup: string }> = {
  repeatable: true,
  async perform(context, operation) {
    const taken = await context.postgres(operation.server).backup();
    await keep(context, operation.server, {
      ...{ name: operation.parameters.backup, type: 'Customer On-Demand', source: 'Customer Initiated' },
      ...{ completedAt: taken.completedAt, folder: taken.folder },
    });
  },
};

export const dropBackup: OperationKind<{ backup: string }> = {
  repeatable: true,
  async perform(context, operation) {
    const server = context.store.server(operation.server);
    const found = server?.backups.find(({ name }) => name === operation.parameters.backup);
    if (!server || !found) return;
    await rm(found.folder, { recursive: true, force: true });
    context.store.putServer({ ...server, backups: server.backups.filter((backup) => backup !== found) });
  },
};

async function keep(context: Context, serverName: string, backup: BackupRecord): Promise<void> {
  const server = context.store.server(serverName);
  if (!server) return;
  const all = [...server.backups.filter(({ name }) => name !== backup.name), backup];
  const old = all.filter(({ source }) => source === 'Automatic').slice(0, -automaticKept);
  context.store.putServer({ ...server, backups: all.filter((one) => !old.includes(one)) });
  await Promise.all(old.map(({ folder }) => rm(folder, { recursive: true, force: true })));
}

export function backupView(place: { subscription: string; group: string }, server: string, backup: BackupRecord) {
  return {
    properties: {
      backupType: backup.type,
      source: backup.source,
      completedTime: longTime(backup.completedAt, '+00:00'),
    },
    id: `${serverId(place.subscription, place.group, server)}/backups/${backup.name}`,
    name: backup.name,
    type: `${serverType}/backups`,
  };
}
