/** The activities of redisClusterReshard: contract.ts says what each does. */
import { type Alive, isOverdue, whileAlive } from '../alive';
import { assertStill, guarded } from '../deployments/guarded';
import { asFailures, failure } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import { movedBetween } from '../redis/cluster/balance';
import type { Moved } from '../redis/cluster/batch';
import { type ClusterNodes, withClusterNodes } from '../redis/cluster/client';
import { converge } from '../redis/cluster/converge';
import { unequipped } from '../redis/cluster/functions';
import { migrate, strays } from '../redis/cluster/migration';
import { nextMoves } from '../redis/cluster/moves';
import type { Member } from '../redis/cluster/view';
import { redisProblem } from '../redis/failures';
import { knownCluster, type RedisClusterDependencies } from '../redis-clusters/dependencies';
import { replicasInSync } from '../redis-clusters/formation';
import { assertRunning, membersOf, readMembers, readPassword, readPods } from '../redis-clusters/members';
import { selectorOf } from '../redis-clusters/manifests';
import { removeClaims } from '../redis-clusters/removal';
import { joinedIn, onNodes, shortcomingOf, strangerIn } from './cluster';
import type { ReshardActivities } from './contract';
import { inspectRedisReshard, numberOf, replicasOf } from './inspection';
import { arrivedIn, placedShards, showLayout, showMoved, targetOf } from './layout';
import { leave } from './leaving';

export function createReshardActivities(use: RedisClusterDependencies): ReshardActivities {
  const asked = () => ({ kubernetes: use.kubernetes(), cluster: knownCluster(use) });
  const statefulSet = async () => {
    const { kubernetes, cluster } = asked();
    const found = await kubernetes.findObject('StatefulSet', cluster.name);
    if (found) return found;
    throw failure('WorkloadNotFound', `there is no StatefulSet ${cluster.name}`);
  };
  const what = () => `the number of pods of ${knownCluster(use).name}`;
  const limits = (alive: Alive, doing: string, deadlineSeconds: number) => ({
    assertAwake: alive.assertAwake,
    assertInTime: (missing: string) => {
      if (!isOverdue(deadlineSeconds)) return;
      throw failure('OperationDeadlineExceeded', `${doing} after ${deadlineSeconds} s: ${missing}`);
    },
  });
  const inCluster = async <T>(joined: number, body: (given: Given) => Promise<T>): Promise<T> => {
    const { kubernetes, cluster } = asked();
    const password = await readPassword(kubernetes, cluster);
    const members = () => readMembers(kubernetes, cluster, joined);
    return withClusterNodes(password, (nodes) => body({ nodes, password, members }));
  };

  const activities: ReshardActivities = {
    inspectRedisReshard: ({ masters }) => inspectRedisReshard(masters, use),

    async readRedisPods() {
      const { kubernetes, cluster } = asked();
      const [found, claims] = await Promise.all([statefulSet(), kubernetes.readClaims(selectorOf(cluster))]);
      return { pods: replicasOf(found), claims: claims.map(({ name }) => name), at: Date.now() };
    },

    changeRedisPods: (request) =>
      guarded(what(), request, async () => {
        const found = await statefulSet();
        const pods = replicasOf(found);
        if (request.to < pods) await assertOutside(request.to);
        return {
          value: pods,
          write: ({ identity }) => use.kubernetes().setStatefulReplicas(found, request.to, identity),
        };
      }),

    removeRedisClaims: ({ from, keep, deadlineSeconds }) =>
      whileAlive(what, (alive) =>
        removeClaims({ ...asked(), keep, deadlineSeconds, isMeant: (name) => numberOf(name) >= from }, alive),
      ),

    async verifyRedisPods({ pods }) {
      const { kubernetes, cluster } = asked();
      assertStill(what(), pods, replicasOf(await statefulSet()));
      return assertRunning(await readPods(kubernetes, cluster), pods, cluster);
    },

    readRedisNodes: async () =>
      onNodes(asked(), replicasOf(await statefulSet()), (nodes) => ({
        joined: joinedIn(nodes).length,
        at: Date.now(),
      })),

    joinRedisNodes: ({ joined, replicasPerMaster, deadlineSeconds }) =>
      whileAlive(
        () => `joining ${joined} nodes`,
        (alive) =>
          inCluster(joined, async ({ nodes, members }) => {
            const done = await converge(nodes, {
              ...{ members, shape: { replicasPerMaster, emptyMasters: true }, mayJoin: true },
              ...limits(alive, `joining ${joined} nodes`, deadlineSeconds),
            });
            return `joined by ${done.length} actions`;
          }),
      ),

    leaveRedisNodes: ({ joined, replicasPerMaster, deadlineSeconds }) =>
      whileAlive(
        () => `all but ${joined} nodes leave`,
        (alive) =>
          inCluster(joined, ({ nodes, members }) =>
            leave(nodes, {
              ...{ members, replicasPerMaster },
              others: async () => {
                const { kubernetes, cluster } = asked();
                return membersOf(await readPods(kubernetes, cluster)).filter(({ ordinal }) => ordinal >= joined);
              },
              ...limits(alive, `all but ${joined} nodes leave`, deadlineSeconds),
            }),
          ),
      ),

    verifyRedisNodes: ({ joined, replicasPerMaster }) =>
      onNodes(asked(), joined, (nodes, seen) => {
        const missing = shortcomingOf(seen, replicasPerMaster) ?? strangerIn(nodes);
        if (missing !== undefined) throw failure('NotVerified', missing);
        return `one good cluster as seen by each of ${joined} nodes, ${replicasInSync(replicasPerMaster)}`;
      }),

    readRedisLayout: ({ masters, pods, joined }) =>
      onNodes(asked(), joined, (nodes) => {
        const { before, after, staying } = targetOf(placedShards(nodes), masters, pods);
        if (!after) throw failure('Drift', `${staying} masters would stay, and ${masters} are wanted`);
        return { shown: showLayout(before), before, after, at: Date.now() };
      }),

    moveRedisSlots: ({ before, after, joined, deadlineSeconds }) => {
      let moved: Moved = { slots: 0, byServers: 0, keys: 0 };
      const said = () => showMoved(moved);
      return whileAlive(said, (alive) =>
        inCluster(joined, async ({ nodes, members, password }) => {
          const began = Date.now();
          moved = await migrate(nodes, {
            ...{ plan: { before, after }, password, members, isOurs: alive.isOurs, onProgress: (now) => (moved = now) },
            ...limits(alive, 'moving slots', deadlineSeconds),
          });
          const seconds = (Date.now() - began) / 1000;
          return showMoved(moved, { seconds, ofSlots: movedBetween(before, after) });
        }),
      );
    },

    verifyRedisLayout: ({ before, after, joined, replicasPerMaster }) =>
      onNodes(asked(), joined, async (nodes, seen, ask) => {
        const missing = shortcomingOf(seen, replicasPerMaster);
        if (missing !== undefined) throw failure('NotVerified', missing);
        const next = nextMoves(
          { before, after },
          { nodes, isWhole: true, unowned: new Set(), holds: await strays(ask, nodes, { before, after }) },
          1,
        );
        if (next.answer === 'drift') throw failure('Drift', next.reason);
        if (next.answer === 'refuse') throw failure('ClusterRefused', next.reason);
        if (next.answer === 'wait') throw failure('NotVerified', next.reason);
        if (next.answer === 'order' && next.begin.length === 0) throw failure('NotVerified', 'slots are on their way');
        if (next.answer !== 'done') throw failure('Drift', 'a slot is not where it was moved to');
        const lacking = await unequipped(ask, ...arrivedIn({ before, after }, nodes));
        if (lacking !== undefined) throw failure('NotVerified', lacking);
        const keys = nodes.reduce((sum, { self, view }) => sum + (self.master === undefined ? view.keys : 0), 0);
        return `${showLayout(after)} as seen by each of ${joined} nodes, replicas in sync, no slot on its way, ${keys} keys, none where its slot is not`;
      }),
  };

  /** Throws Drift where a pod with such a number belongs to the cluster: its keys would be gone with it. */
  const assertOutside = (pods: number) =>
    onNodes(asked(), pods, (nodes) => {
      const stranger = strangerIn(nodes);
      if (stranger !== undefined) throw failure('Drift', `${stranger}: no pod is taken away`);
    });

  return asFailures(activities, [kubernetesProblem, redisProblem]);
}

interface Given {
  nodes: ClusterNodes;
  password: string;
  members(): Promise<Member[]>;
}
