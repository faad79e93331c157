/** The activities of the database runbooks: contract.ts says what each does. */
import { ApplicationFailure } from '@temporalio/common';
import { asResources, type FlexibleServer } from '../azure/flexible-servers';
import { azureProblem } from '../azure/failures';
import { withCircumstances } from '../azure/circumstances';
import { makeChanges } from '../azure/long-operation';
import { asFailures, failure, toFailure, type Mapping } from '../failures';
import { postgresProblem } from '../postgres/failures';
import { readReplicaState, readSettings, readWalPosition } from '../postgres/reads';
import { parameterChange, restartChange, sizeChange, storageChange } from './changes';
import type { ChangeRequest, Compute, DatabaseActivities } from './contract';
import type { DatabaseDependencies } from './dependencies';
import { inspectWithPooler } from './inspection';
import { judgeCompute, type ComputeReading, type Judgement } from './judgement';
import { onServer } from './sql';

const defaultSettleMs = 3000;
const mappings: Mapping[] = [azureProblem, postgresProblem];

export function createDatabaseActivities(use: DatabaseDependencies): DatabaseActivities {
  const { servers, settleMs = defaultSettleMs } = use;
  const long = ({ deadlineSeconds, undo = false }: ChangeRequest) => ({
    deadlineSeconds,
    busyMayBeOurs: undo,
    settleMs,
  });

  const activities: DatabaseActivities = {
    inspectDatabase: ({ server }) => inspectWithPooler(server, use),

    async readCompute({ server: name, parameters }) {
      const server = await servers.readServer(name);
      const values = await Promise.all(parameters.map((parameter) => servers.readParameter(name, parameter)));
      const { startedAt, sharedBuffersBytes } = await onServer(server, 'application', use, readSettings);
      const compute: Compute = {
        sku: server.sku,
        tier: server.tier,
        parameters: Object.fromEntries(values.map((parameter) => [parameter.name, parameter.value])),
      };
      return { compute, startedAt, sharedBuffersBytes };
    },

    async changeCompute(request) {
      const { server, compute } = request;
      await withCircumstances(long(request), async (given, identity) => {
        const size = sizeChange(server, compute, use, identity, request.undo ?? false);
        const parameters = Object.entries(compute.parameters).map((each) =>
          parameterChange(server, each, servers, identity),
        );
        const restart = restartChange(server, compute, use, identity, size);
        await makeChanges(
          server,
          [...parameters, size, ...(parameters.length > 0 ? [restart] : [])],
          asResources(servers),
          given,
        );
      });
    },

    verifyCompute: ({ server, compute, since }) =>
      verified(server, async () => judgeCompute(compute, await readForJudgement(server, compute, use), since)),

    readStorage: async ({ server }) => ({ storageGb: (await servers.readServer(server)).storageGb }),

    async growStorage(request) {
      const { server, storageGb } = request;
      await withCircumstances(long(request), (given, identity) =>
        makeChanges(server, [storageChange(server, storageGb, servers, identity)], asResources(servers), given),
      );
    },

    verifyStorage: ({ server, storageGb }) =>
      verified(server, async () => {
        const { state, storageGb: now } = await servers.readServer(server);
        const open = [
          ...(state === 'Ready' ? [] : [`ARM says ${state}, not Ready`]),
          ...(now === storageGb ? [] : [`ARM says ${now} GiB, not ${storageGb} GiB`]),
        ];
        return { open, evidence: `ARM ${state} + ${now} GiB` };
      }),
  };
  return asFailures(activities, mappings);
}

async function readForJudgement(
  name: string,
  { parameters }: Compute,
  use: DatabaseDependencies,
): Promise<ComputeReading> {
  const { servers } = use;
  const server = await servers.readServer(name);
  const names = [...new Set([...Object.keys(parameters), 'shared_buffers'])];
  const [configured, offers] = await Promise.all([
    Promise.all(names.map((parameter) => servers.readParameter(name, parameter))),
    servers.readOffers(name),
  ]);
  const running = await onServer(server, 'application', use, (client) => readSettings(client, names));
  const replica = server.source === undefined ? undefined : await replicaState(server, server.source, use);
  const followers = server.source === undefined ? await followersOf(server, use) : [];
  return { server, parameters: configured, running, offers, followers, ...(replica ? { replica } : {}) };
}

async function followersOf(primary: FlexibleServer, use: DatabaseDependencies) {
  const names = await use.servers.readReplicas(primary.name);
  return Promise.all(
    names.map(async (name) => ({
      name,
      state: await replicaState(await use.servers.readServer(name), primary.name, use),
    })),
  );
}

async function replicaState(replica: FlexibleServer, source: string, use: DatabaseDependencies) {
  const primary = await use.servers.readServer(source);
  const position = await onServer(primary, 'admin', use, readWalPosition);
  return onServer(replica, 'admin', use, (client) => readReplicaState(client, position));
}

/**
 * The evidence, or NotVerified with everything that is not as asked yet. A 404 is "not yet" here: Azure has been seen to
 * answer it after an operation that ended Succeeded.
 */
async function verified(server: string, judge: () => Promise<Judgement>): Promise<string> {
  try {
    const { open, evidence } = await judge();
    if (open.length === 0) return evidence;
    throw failure('NotVerified', `${server}: ${open.join('; ')}`);
  } catch (error) {
    const failed = toFailure(error, mappings);
    if (failed instanceof ApplicationFailure && failed.type === 'ServerNotFound') {
      throw failure('NotVerified', `${server}: ARM does not find it`);
    }
    throw failed;
  }
}
