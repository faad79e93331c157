/** The activities of pgbouncerCutover: contract.ts says what each does. */
import { type Alive, whileAlive } from '../alive';
import { azureProblem } from '../azure/failures';
import { onServer } from '../database/sql';
import { assertStill, guarded } from '../deployments/guarded';
import { stuckPods } from '../deployments/judgement';
import { verifyWorkload } from '../deployments/workload';
import { asFailures, failure } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import { postgresProblem } from '../postgres/failures';
import { upstreamOf } from '../pgbouncer/configuration';
import { readRoleSessions } from '../postgres/session-features';
import type { PoolerDependencies } from '../poolers/dependencies';
import { clientAddresses, pooledProcesses, readPoolerPods } from '../poolers/pods';
import type { CutoverActivities, PathState, Published } from './contract';
import { inspectCutover } from './inspection';
import { divided, readPublished, showPath, stateOf, wayOf, type Way } from './path';
import { comparePods, watchPools } from './watching';

export function createCutoverActivities(use: PoolerDependencies): CutoverActivities {
  const kubernetes = () => use.kubernetes();
  const pooledReference = ({ secret, pooledKey }: Way) => `${secret}/${pooledKey}`;
  const addressOf = ({ secret, pooledKey }: Way) => `${pooledKey} of ${secret}`;
  const pathOf = (deployment: string) => `the path of ${deployment} to the primary`;

  const activities: CutoverActivities = {
    inspectCutover: ({ deployment }) => inspectCutover(deployment, use),

    async readPooledAddress({ deployment }) {
      const { published } = await readPublished(kubernetes(), wayOf(deployment, use));
      return { published, at: Date.now() };
    },
    changePooledAddress: (request) => {
      const way = wayOf(request.deployment, use);
      return guarded<Published>(addressOf(way), request, async () => {
        const { found, published, url, problem } = await readPublished(kubernetes(), way);
        const write = ({ identity }: Alive) => {
          const text = request.to === 'current' ? url : undefined;
          if (request.to !== 'absent' && text === undefined) {
            throw failure('ConfigurationMissing', `${way.key} of ${way.secret} cannot be pooled: ${problem}`);
          }
          return kubernetes().setSecret(found, way.pooledKey, text, identity);
        };
        return { value: published, write };
      });
    },
    async verifyPooledAddress({ deployment, published: wanted }) {
      const way = wayOf(deployment, use);
      const { published } = await readPublished(kubernetes(), way);
      assertStill(addressOf(way), wanted, published);
      return published === 'current'
        ? `${addressOf(way)} leads to ${way.pooler.name}`
        : `there is no ${addressOf(way)}`;
    },

    async readPath({ deployment }) {
      const { variable } = wayOf(deployment, use);
      return { state: stateOf(await kubernetes().readDeployment(deployment), variable), at: Date.now() };
    },
    changePath: (request) => {
      const { variable } = wayOf(request.deployment, use);
      return guarded<PathState>(
        pathOf(request.deployment),
        request,
        async () => {
          const found = await kubernetes().readDeployment(request.deployment);
          const write = ({ identity }: Alive) => kubernetes().setRollout(found, variable, request.to, identity);
          return { value: stateOf(found, variable), write };
        },
        showPath,
      );
    },

    async verifyCanary({ deployment, state, since }) {
      const way = wayOf(deployment, use);
      const found = await kubernetes().readDeployment(deployment);
      assertStill(pathOf(deployment), state, stateOf(found, way.variable), showPath);
      // On the way back all pods are there already: only the rules of the next rolling update are given back.
      if (since === undefined) return 'its rules are as they were';
      await assertPublished(way);
      const pods = await kubernetes().readPods(found);
      const stuck = stuckPods(pods, since);
      if (stuck.length > 0) throw failure('WorkloadFailing', stuck.join('; '));
      const { on, off } = divided(pods, way.variable, pooledReference(way));
      const ready = [...on, ...off].filter((pod) => pod.ready).length;
      if (on.length !== 1 || off.length !== found.replicas || ready !== on.length + off.length) {
        throw failure('NotVerified', `${on.length} pods pooled, ${off.length} direct, ${ready} of them Ready`);
      }
      return `${on[0]!.name} is on the pooled path, ${off.length} are as they were`;
    },
    verifyComparison: ({ deployment, seconds }) =>
      whileAlive(
        () => 'comparison',
        () => comparePods(deployment, wayOf(deployment, use), seconds, use),
      ),
    async verifyPath({ deployment, state, since }) {
      const way = wayOf(deployment, use);
      const found = await kubernetes().readDeployment(deployment);
      assertStill(pathOf(deployment), state, stateOf(found, way.variable), showPath);
      const wanted = ({ replicas }: { replicas: number }) => ({ atLeast: replicas, allGone: true });
      const evidence = await verifyWorkload(deployment, { wanted, since }, use);
      if (state.reference !== pooledReference(way))
        return `${await verifyNoPooledClient(deployment, way)}, ${evidence}`;
      await assertPublished(way);
      return `${await verifyNoDirectSession(deployment, way)}, ${evidence}`;
    },
    verifyPools: ({ deployment, ...window }) =>
      whileAlive(
        () => 'pools',
        async () => {
          const way = wayOf(deployment, use);
          const upstream = upstreamOf((await kubernetes().readSecret(way.secret, way.key)).text);
          if (typeof upstream === 'string') throw failure('ConfigurationMissing', upstream);
          const { role: user, password, database } = upstream;
          return watchPools(way.pooler.name, { user, password, database }, window, use);
        },
      ),
  };
  return asFailures(activities, [kubernetesProblem, azureProblem, postgresProblem]);

  /** Pods that are started take what is there by then. */
  async function assertPublished(way: Way): Promise<void> {
    const { published } = await readPublished(kubernetes(), way);
    assertStill<Published>(addressOf(way), 'current', published);
  }

  /** By the addresses of its pods, which a pod of the pooler sees as they are. */
  async function verifyNoPooledClient(deployment: string, way: Way): Promise<string> {
    const [pods, poolerPods] = await Promise.all([
      kubernetes().readPods(await kubernetes().readDeployment(deployment)),
      readPoolerPods(kubernetes(), way.pooler.name),
    ]);
    const clients = await clientAddresses(poolerPods);
    const still = pods.filter(({ address }) => address !== undefined && clients.has(address));
    if (still.length === 0) return `no pod of ${deployment} is a client of ${way.pooler.name}`;
    throw failure('NotVerified', `${still.map(({ name }) => name).join(', ')} is still a client of ${way.pooler.name}`);
  }

  /** A session is the deployment's by its address, or by its name: behind a translated address only by that. */
  async function verifyNoDirectSession(deployment: string, way: Way): Promise<string> {
    const { applicationRole, primary } = use.topology.postgres;
    const server = await use.servers.readServer(primary);
    const [pods, poolerPods, sessions] = await Promise.all([
      kubernetes().readPods(await kubernetes().readDeployment(deployment)),
      readPoolerPods(kubernetes(), way.pooler.name),
      onServer(server, 'admin', use, (client) => readRoleSessions(client, applicationRole)),
    ]);
    const pooled = await pooledProcesses(poolerPods);
    const addresses = new Set(pods.map(({ address }) => address));
    const direct = sessions.filter(
      ({ pid, application, address }) =>
        !pooled.has(pid) && (addresses.has(address) || application.startsWith(`${deployment}-`)),
    );
    if (direct.length === 0) return `${deployment} has no session of its own on ${primary}, ${pooled.size} are pooled`;
    throw failure('NotVerified', `${deployment} has ${direct.length} sessions of its own on ${primary} still`);
  }
}
