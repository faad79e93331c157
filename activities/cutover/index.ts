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
import { pooledProcesses, readClients, readPoolerPods } from '../poolers/pods';
import type { CutoverActivities, PathState, Published } from './contract';
import { inspectCutover } from './inspection';
import { divided, readPublished, showPath, stateOf, wayOf, type Way } from './path';
import { judgeBack, judgeForward, type Judged } from './sessions';
import { answeringClients, comparePods, watchPools } from './watching';

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
      if (state.reference !== pooledReference(way)) return `${await verifyBack(deployment, way)}, ${evidence}`;
      await assertPublished(way);
      return `${await verifyForward(deployment, way)}, ${evidence}`;
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

  async function verifyBack(deployment: string, way: Way): Promise<string> {
    const [pods, poolerPods] = await podsOf(deployment, way);
    const clients = await readClients(poolerPods);
    return shown(judgeBack({ deployment, pooler: way.pooler.name, pods, clients }));
  }

  async function verifyForward(deployment: string, way: Way): Promise<string> {
    const { applicationRole: role, primary } = use.topology.postgres;
    const server = await use.servers.readServer(primary);
    const [pods, poolerPods] = await podsOf(deployment, way);
    // Before what is seen afterwards: pods connect when they are asked, and some for no longer than that.
    const [answered, meanwhile] = await Promise.all([answeringClients(pods, way), readClients(poolerPods)]);
    const [{ addresses, applications, silent }, sessions] = await Promise.all([
      readClients(poolerPods),
      onServer(server, 'admin', use, (client) => readRoleSessions(client, role)),
    ]);
    const deployments = use.topology.kubernetes?.deployments ?? [];
    return shown(
      judgeForward({
        ...{ deployment, pooler: way.pooler.name, variable: way.variable, primary, role, pods, answered, sessions },
        others: deployments.map(({ name }) => name).filter((name) => name !== deployment),
        clients: {
          addresses: new Set([...meanwhile.addresses, ...addresses]),
          applications: new Set([...meanwhile.applications, ...applications]),
          silent,
        },
        pooled: await pooledProcesses(poolerPods),
      }),
    );
  }

  async function podsOf(deployment: string, way: Way) {
    return Promise.all([
      kubernetes().readPods(await kubernetes().readDeployment(deployment)),
      readPoolerPods(kubernetes(), way.pooler.name),
    ]);
  }
}

/** The evidence. Throws NotVerified with everything that is not so. */
function shown({ open, evidence }: Judged): string {
  if (open.length > 0) throw failure('NotVerified', open.join('; '));
  return evidence;
}
