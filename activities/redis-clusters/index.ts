/** The activities of redisClusterBootstrap: contract.ts says what each does. */
import { isOverdue, ownIdentity, whileAlive } from '../alive';
import { assertStill, guarded } from '../deployments/guarded';
import { asFailures, failure } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import { managedBy } from '../kubernetes/managed';
import { withClusterNodes } from '../redis/cluster/client';
import { converge } from '../redis/cluster/converge';
import { redisProblem } from '../redis/failures';
import type { RedisClusterActivities, RedisClusterKind, RedisClusterSettings } from './contract';
import { knownCluster, type RedisClusterDependencies } from './dependencies';
import { formationNow, readFormation, replicasInSync } from './formation';
import { inspectRedisCluster } from './inspection';
import { manifestOf, podLabels, selectorOf } from './manifests';
import { assertRunning, readMembers, readPassword, readPods } from './members';
import { assertUnused, remove } from './removal';
import { newSecret } from './secret';
import { readObject } from './state';
import { forgetTrial, tryCluster } from './trial';

export function createRedisClusterActivities(use: RedisClusterDependencies): RedisClusterActivities {
  const kubernetes = () => use.kubernetes();
  const cluster = () => knownCluster(use);
  const what = (kind: RedisClusterKind) => `${kind} ${cluster().name}`;
  const read = (kind: RedisClusterKind, settings: RedisClusterSettings) =>
    readObject(kind, kubernetes(), cluster(), settings);
  const claimsOf = async (kind: RedisClusterKind) =>
    kind === 'StatefulSet' ? (await kubernetes().readClaims(selectorOf(cluster()))).map(({ name }) => name) : [];

  const activities: RedisClusterActivities = {
    inspectRedisCluster: ({ settings }) => inspectRedisCluster(settings, use),

    async readRedisClusterObject({ kind, settings }) {
      const [{ shown }, claims] = await Promise.all([read(kind, settings), claimsOf(kind)]);
      return { ...(shown === undefined ? {} : { shown }), claims, at: Date.now() };
    },

    makeRedisClusterObject: (request) =>
      guarded<string | undefined>(
        what(request.kind),
        request,
        async () => {
          const { kind, settings } = request;
          const { shown } = await read(kind, settings);
          const { name } = cluster();
          return {
            value: shown,
            write: ({ identity }) => {
              const content = kind === 'Secret' ? newSecret() : manifestOf(kind, cluster(), settings).content;
              const labels = { ...podLabels(cluster()), ...managedBy };
              return kubernetes().createObject({ kind, name, labels, content }, identity);
            },
          };
        },
        (shown) => shown ?? 'absent',
      ),

    verifyRedisClusterUnused: (request) =>
      assertUnused({ ...request, kubernetes: kubernetes(), cluster: cluster() }, ownIdentity()),

    removeRedisClusterObject: (request) =>
      whileAlive(
        () => what(request.kind),
        (alive) => remove({ ...request, kubernetes: kubernetes(), cluster: cluster() }, alive),
      ),

    async verifyRedisClusterObject({ kind, settings, shown }) {
      const { shown: now } = await read(kind, settings);
      assertStill(what(kind), shown ?? 'absent', now ?? 'absent', (text) => text);
      if (kind !== 'StatefulSet') return now ?? 'absent';
      const pods = await readPods(kubernetes(), cluster());
      if (now === undefined) {
        if (pods.length === 0) return 'absent, and so are its pods';
        throw failure('NotVerified', `${pods.length} pods of ${cluster().name} are still there`);
      }
      return assertRunning(pods, settings.nodes, cluster());
    },

    async readRedisFormation({ settings }) {
      const { state } = await readFormation(kubernetes(), cluster(), settings);
      return { formed: state === 'formed', at: Date.now() };
    },

    formRedisCluster: ({ settings, mayJoin, deadlineSeconds, ...trial }) =>
      whileAlive(
        () => `forming ${cluster().name}`,
        async (alive) => {
          const password = await readPassword(kubernetes(), cluster());
          return withClusterNodes(password, async (nodes) => {
            const began = Date.now();
            const done = await converge(nodes, {
              members: () => readMembers(kubernetes(), cluster(), settings.nodes),
              ...{ shape: { replicasPerMaster: settings.replicasPerMaster }, mayJoin },
              assertAwake: alive.assertAwake,
              assertInTime: (missing) => {
                if (!isOverdue(deadlineSeconds)) return;
                throw failure('ClusterNotFormed', `${cluster().name} after ${deadlineSeconds} s: ${missing}`);
              },
            });
            const seconds = ((Date.now() - began) / 1000).toFixed(1);
            const given = { kubernetes: kubernetes(), cluster: cluster(), settings, password, nodes, alive };
            const tried = await tryCluster({ ...given, ...trial });
            return `formed in ${seconds} s by ${done.length} actions; ${tried}`;
          });
        },
      ),

    async tidyRedisTrial({ settings }) {
      const given = { kubernetes: kubernetes(), cluster: cluster(), settings };
      const password = await readPassword(kubernetes(), cluster());
      await forgetTrial({ ...given, password }, ownIdentity().correlationId);
    },

    async verifyRedisFormation({ settings }) {
      const { state, refusal, missing } = await formationNow(kubernetes(), cluster(), settings);
      if (state !== 'formed') throw failure('NotVerified', refusal ?? missing ?? `${cluster().name} is ${state}`);
      const { nodes, replicasPerMaster } = settings;
      return `cluster_state ok as seen by each of ${nodes} nodes, every slot once, ${replicasInSync(replicasPerMaster)}`;
    },
  };
  return asFailures(activities, [kubernetesProblem, redisProblem]);
}
