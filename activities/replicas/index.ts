/** The activities of createReadReplica: contract.ts says what each does. */
import { type Alive, whileAlive } from '../alive';
import type { Circumstances } from '../azure/change';
import { azureProblem } from '../azure/failures';
import { asResources } from '../azure/flexible-servers';
import { withCircumstances } from '../azure/circumstances';
import { makeChanges } from '../azure/long-operation';
import { onServer } from '../database/sql';
import { assertStill, guarded } from '../deployments/guarded';
import { verifyWorkload } from '../deployments/workload';
import { asFailures, failure } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import { postgresProblem } from '../postgres/failures';
import { reading } from '../postgres/connection';
import { readSessions, readSettings } from '../postgres/reads';
import { type Address, addressIn, replicaUrl, showAddress } from './address';
import { arrivalsOf, verifyReads } from './arrival';
import { creation, findServer, removal } from './changes';
import type { Publication, ReplicaActivities, ReplicaIdentity } from './contract';
import type { ReplicaDependencies } from './dependencies';
import { letting, missingRules } from './firewall';
import { inspectReplica } from './inspection';
import { assertNotPromoted, sessionsOn, sessionsOnUnready } from './occupancy';
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
    async createReplica(request) {
      await withCircumstances(long(request), (given, identity) =>
        makeChanges(request.source, [creation(request, servers, identity)], asResources(servers), given),
      );
    },
    async carryFirewallRules({ replica, rules, ...request }) {
      // It is this run's own: what keeps it busy is that it has just been made.
      await withCircumstances({ ...long(request), busyMayBeOurs: true }, (given, identity) =>
        makeChanges(replica, letting(replica, rules, servers, identity), asResources(servers), given),
      );
    },
    async verifyFirewallRules({ replica, rules }) {
      const [missing] = await missingRules(replica, rules, servers);
      if (missing) throw failure('NotVerified', `${replica} has not got the firewall rule ${missing.name} yet`);
      return `with ${rules.length} firewall rules of its source`;
    },
    deleteReplica: (request) =>
      withCircumstances(long(request), (given, identity) => {
        const change = removal(request, servers, identity, () => assertUnused(request, given, use));
        return makeChanges(request.source, [change], asResources(servers), given);
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
      return { ...(text === undefined ? {} : { host: addressIn(text).host }), at: Date.now() };
    },
    async changeAddress(request) {
      const { secret: name, key, primaryKey, replica, there, deadlineSeconds } = request;
      const address = await whileAlive(
        () => `the address of ${replica}`,
        () => addressOf(request, use),
      );
      const shown = showAddress(address);
      const values = there ? { from: undefined, to: shown } : { from: shown, to: undefined };
      await guarded<string | undefined>(`${key} of ${name}`, { ...values, deadlineSeconds }, async () => {
        const secret = await kubernetes().readSecret(name, key);
        const write = async ({ identity }: Alive) => {
          const text = there ? await urlFrom(name, primaryKey, address, use) : undefined;
          await kubernetes().setSecret(secret, key, text, identity);
        };
        return { value: secret.text === undefined ? undefined : showAddress(addressIn(secret.text)), write };
      });
    },
    async verifyAddress(request) {
      const { secret, key, there } = request;
      const { text } = await kubernetes().readSecret(secret, key);
      const wanted = there ? showAddress(await addressOf(request, use)) : undefined;
      assertStill(`${key} of ${secret}`, wanted, text === undefined ? undefined : showAddress(addressIn(text)));
      if (wanted === undefined || text === undefined) return `${secret} has no ${key}`;
      const { inRecovery } = await reading(text, use.certificateFile, (client) => readSettings(client));
      if (!inRecovery) throw failure('NotVerified', `${key} of ${secret} leads to ${wanted}, which is not in recovery`);
      return `${key} of ${secret} leads to ${wanted}; its login works, in recovery`;
    },

    async readReader({ replica, deployment, variable }) {
      const reference = (await kubernetes().readDeployment(deployment)).secretReferences[variable];
      const { rowsRead } = await arrivalsOf(deployment, replica, use);
      return { ...(reference === undefined ? {} : { reference }), rowsRead, at: Date.now() };
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
      return `${await verifyReads(replica, deployment, since?.rowsRead ?? 0, use)}, ${evidence}`;
    },
  };
  return asFailures(activities, [azureProblem, kubernetesProblem, postgresProblem]);
}

async function addressOf({ replica, deployment }: ReplicaIdentity & Publication, use: ReplicaDependencies) {
  return { host: (await use.servers.readServer(replica)).host, application: deployment };
}

/** As the pods reach the primary: roles and passwords are replicated. */
async function urlFrom(secret: string, primaryKey: string, address: Required<Address>, use: ReplicaDependencies) {
  const { text = '' } = await use.kubernetes().readSecret(secret, primaryKey);
  const url = replicaUrl(text, address);
  if (url === undefined) throw failure('ConfigurationMissing', `${primaryKey} of ${secret} is no URL`);
  return url;
}

async function assertUnused(
  { source, replica }: ReplicaIdentity,
  given: Circumstances,
  use: ReplicaDependencies,
): Promise<void> {
  const server = await findServer(replica, use.servers);
  if (!server) return;
  const endpoints = await use.servers.readVirtualEndpoints(source);
  const leading = endpoints.filter(({ members }) => members.includes(replica)).map(({ name }) => name);
  if (leading.length > 0) throw failure('ReplicaInUse', `virtual endpoints lead to ${replica}: ${leading.join(', ')}`);
  // One that does not answer says nothing of itself.
  const { inRecovery } = await onServer(server, 'admin', use, readSettings).catch(() => ({ inRecovery: true }));
  if (!inRecovery) await assertNotPromoted({ replica, source }, () => findServer(replica, use.servers), given);
  const look = () => onServer(server, 'admin', use, readSessions);
  const sessions =
    server.state === 'Ready' ? await sessionsOn(replica, look, given) : await sessionsOnUnready(replica, look);
  const used = Object.entries(sessions).map(([role, count]) => `${count} of ${role}`);
  if (used.length > 0) throw failure('ReplicaInUse', `${replica} has sessions: ${used.join(', ')}`);
  // That took up to a minute, and is followed by the request.
  given.assertAwake();
}
