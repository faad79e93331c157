/** The activities of createReadReplica: contract.ts says what each does. */
import { ApplicationFailure } from '@temporalio/common';
import { type Alive, whileAlive } from '../alive';
import { azureProblem } from '../azure/failures';
import { asResources } from '../azure/flexible-servers';
import { withCircumstances } from '../azure/circumstances';
import { makeChanges } from '../azure/long-operation';
import { onServer } from '../database/sql';
import { assertStill, guarded } from '../deployments/guarded';
import { answers } from '../deployments/endpoint';
import { knownDeployment } from '../deployments/inspection';
import { verifyWorkload } from '../deployments/workload';
import { asFailures, failure } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import { postgresProblem } from '../postgres/failures';
import { readSessions } from '../postgres/reads';
import { creation, findServer, removal } from './changes';
import type { ReplicaActivities } from './contract';
import type { ReplicaDependencies } from './dependencies';
import { hostOf, inspectReplica } from './inspection';
import { verifyLag, verifyReplica } from './replication';

const defaultSettleMs = 3000;

export function createReplicaActivities(use: ReplicaDependencies): ReplicaActivities {
  const { servers, settleMs = defaultSettleMs } = use;
  const kubernetes = () => use.kubernetes();
  const long = ({ deadlineSeconds, undo = false }: { deadlineSeconds: number; undo?: boolean }) => ({
    deadlineSeconds,
    busyMayBeOurs: undo,
    settleMs,
  });

  const activities: ReplicaActivities = {
    inspectReplica: (request) => inspectReplica(request, use),

    async readReplica({ replica }) {
      return { exists: (await findServer(replica, servers)) !== undefined, at: Date.now() };
    },
    async createReplica({ location, ...request }) {
      await withCircumstances(long(request), (given, identity) =>
        makeChanges(request.source, [creation(request, location, servers, identity)], asResources(servers), given),
      );
    },
    deleteReplica: (request) =>
      withCircumstances(long(request), async (given, identity) => {
        await assertUnused(request.replica, use);
        await makeChanges(request.source, [removal(request, servers, identity)], asResources(servers), given);
      }),
    verifyReplica: (request) => verifyReplica(request, use),
    async verifyNoReplica({ replica }) {
      if (await findServer(replica, servers)) throw failure('NotVerified', `${replica} is still there`);
      return `ARM knows no ${replica}`;
    },
    verifyLag: (request) =>
      whileAlive(
        () => 'lag',
        () => verifyLag(request, request, use),
      ),

    async readAddress({ secret, key }) {
      const { text } = await kubernetes().readSecret(secret, key);
      return { ...(text === undefined ? {} : { host: hostOf(text) }), at: Date.now() };
    },
    async changeAddress(request) {
      const { secret: name, key, primaryKey, replica, there, deadlineSeconds } = request;
      const host = await whileAlive(
        () => `the address of ${replica}`,
        () => hostOfReplica(replica, use),
      );
      const values = there ? { from: undefined, to: host } : { from: host, to: undefined };
      await guarded<string | undefined>(`${key} of ${name}`, { ...values, deadlineSeconds }, async () => {
        const secret = await kubernetes().readSecret(name, key);
        const write = async ({ identity }: Alive) => {
          const text = there ? await urlWithHost(name, primaryKey, host, use) : undefined;
          await kubernetes().setSecret(secret, key, text, identity);
        };
        return { value: secret.text === undefined ? undefined : hostOf(secret.text), write };
      });
    },
    async verifyAddress({ secret, key, replica, there }) {
      const { text } = await kubernetes().readSecret(secret, key);
      const wanted = there ? await hostOfReplica(replica, use) : undefined;
      assertStill(`${key} of ${secret}`, wanted, text === undefined ? undefined : hostOf(text));
      return wanted === undefined ? `${secret} has no ${key}` : `${key} of ${secret} leads to ${wanted}`;
    },

    async readReader({ deployment, variable }) {
      const reference = (await kubernetes().readDeployment(deployment)).secretReferences[variable];
      return { ...(reference === undefined ? {} : { reference }), at: Date.now() };
    },
    changeReader: (request) =>
      guarded<string | undefined>(`${request.variable} of ${request.deployment}`, request, async () => {
        const now = await kubernetes().readDeployment(request.deployment);
        const write = ({ identity }: Alive) => kubernetes().setReference(now, request.variable, request.to, identity);
        return { value: now.secretReferences[request.variable], write };
      }),
    async verifyReader({ replica, deployment, variable, reference, since }) {
      const now = await kubernetes().readDeployment(deployment);
      assertStill(`${variable} of ${deployment}`, reference, now.secretReferences[variable]);
      const wanted = ({ replicas }: { replicas: number }) => ({ atLeast: replicas, allGone: true });
      const evidence = await verifyWorkload(deployment, { wanted, since }, use);
      if (reference === undefined) return `${variable} not set, ${evidence}`;
      return `${await verifyReads(replica, deployment, use)}, ${evidence}`;
    },
  };
  return asFailures(activities, [azureProblem, kubernetesProblem, postgresProblem]);
}

async function hostOfReplica(replica: string, use: ReplicaDependencies): Promise<string> {
  return (await use.servers.readServer(replica)).host;
}

/** As the pods reach the primary, with another host: roles and passwords are replicated. */
async function urlWithHost(
  secret: string,
  primaryKey: string,
  host: string,
  use: ReplicaDependencies,
): Promise<string> {
  const { text = '' } = await use.kubernetes().readSecret(secret, primaryKey);
  if (!URL.canParse(text)) throw failure('ConfigurationMissing', `${primaryKey} of ${secret} is no URL`);
  const url = new URL(text);
  url.hostname = host;
  return url.href;
}

/** Asked once as clients ask, so that a pod which reads nothing by itself has a reason to. */
async function verifyReads(replica: string, deployment: string, use: ReplicaDependencies): Promise<string> {
  const { clientUrl } = knownDeployment(deployment, use);
  if (clientUrl !== undefined) await answers(clientUrl);
  const sessions = await onServer(await use.servers.readServer(replica), 'admin', use, readSessions);
  const role = use.topology.postgres.applicationRole;
  if ((sessions[role] ?? 0) > 0) return `${sessions[role]} sessions of ${role} on ${replica}`;
  throw failure('NotVerified', `${deployment}: no session of ${role} is on ${replica} yet`);
}

async function assertUnused(replica: string, use: ReplicaDependencies): Promise<void> {
  const server = await findServer(replica, use.servers);
  if (server?.state !== 'Ready') return;
  const sessions = await onServer(server, 'admin', use, readSessions).catch((error: unknown) => {
    // One that nobody can reach has no clients; it is deleted only where this run has made it.
    if (error instanceof ApplicationFailure && error.type === 'DatabaseUnreachable') return {};
    throw error;
  });
  const used = Object.entries(sessions).map(([role, count]) => `${count} of ${role}`);
  if (used.length > 0) throw failure('ReplicaInUse', `${replica} has sessions: ${used.join(', ')}`);
}
