/** The topology's pooler, as who may pause it finds it. */
import type { Kubernetes, Pod } from '../kubernetes/kubernetes';
import { poolerPort, type Upstream } from '../pgbouncer/configuration';
import {
  type Address,
  type Console,
  type Credentials,
  isPaused,
  type Passage,
  passThrough,
} from '../pgbouncer/console';
import { addressOf, askPooler } from '../poolers/pods';
import { passwordKey } from '../poolers/secret';
import { knownPooler, type PoolerDependencies } from '../poolers/dependencies';
import { readUpstream } from '../poolers/state';
import { failure, toFailure } from '../failures';
import type { RestartDependencies } from './dependencies';

/** With passwords: it stays in this process. */
export interface Pool {
  namespace: string;
  name: string;
  upstream: Upstream;
  /** Of the console's user. */
  password: string;
  /** Those that are leaving, too. */
  pods(): Promise<Pod[]>;
}

/** Undefined where there is none; 'unknown' where the topology has one and this worker knows no cluster. */
export async function findPool(use: RestartDependencies): Promise<Pool | 'unknown' | undefined> {
  const pooler = use.topology.kubernetes?.pooler;
  if (!pooler) return undefined;
  const kubernetes = clusterOf(use);
  if (!kubernetes) return 'unknown';
  const { name } = pooler;
  if (!(await kubernetes.findObject('Deployment', name))) return undefined;
  const [upstream, { text: password }] = await Promise.all([
    readUpstream(kubernetes, pooler),
    kubernetes.readSecret(name, passwordKey),
  ]);
  if (typeof upstream === 'string') throw failure('ConfigurationMissing', upstream);
  if (password === undefined) {
    throw failure('ConfigurationMissing', `Secret ${name} has no ${passwordKey}: let deployPgbouncer make the pooler`);
  }
  const pods = async () => kubernetes.readPods(await kubernetes.readDeployment(name));
  return { namespace: kubernetes.namespace, name, upstream, password, pods };
}

/**
 * What was found of a pool that the plan pauses. Throws where its clients would be cut off instead: whoever planned it need not be who
 * performs it. `mayBeGone`: what is to come comes all the same.
 */
export function pausable(found: Pool | 'unknown' | undefined, { mayBeGone }: { mayBeGone: boolean }): Pool | undefined {
  if (found === 'unknown') {
    throw failure(
      'KubernetesUnavailable',
      'the plan pauses the pooler, and this worker knows no cluster to do it in: give each worker of this queue a KUBECONFIG',
    );
  }
  if (!found && !mayBeGone) {
    throw failure('PoolerNotPaused', 'the plan pauses the pooler, which is not there any more: plan again without it');
  }
  return found;
}

function clusterOf(use: RestartDependencies): Kubernetes | undefined {
  try {
    return use.kubernetes();
  } catch (error) {
    if ((toFailure(error, []) as { type?: string }).type === 'ConfigurationMissing') return undefined;
    throw error;
  }
}

/** `host`: of a pod. `answerMs`: how long a PAUSE may take, other than usual. */
export function onPod<T>(
  { password }: Pool,
  host: string,
  ask: (console: Console) => Promise<T>,
  limits?: { answerMs: number },
): Promise<T> {
  return askPooler({ address: host }, password, ask, limits);
}

/** Whether the application's database is paused there. */
export async function isPodPaused(pool: Pool, host: string): Promise<boolean> {
  const rows = await onPod(pool, host, ({ show }) => show('DATABASES'));
  return isPaused(rows.find(({ name }) => name === pool.upstream.database));
}

/** A transaction that writes and is rolled back, through that pod. */
export function passPod({ upstream }: Pool, host: string): Promise<Passage> {
  const { role: user, password, database } = upstream;
  return passThrough(addressOf({ address: host }), { user, password, database });
}

/** As the application logs in, by the Service. */
export async function poolClient(use: PoolerDependencies): Promise<{ address: Address; login: Credentials }> {
  const pooler = knownPooler(use);
  const kubernetes = use.kubernetes();
  const [upstream, service] = await Promise.all([
    readUpstream(kubernetes, pooler),
    kubernetes.findObject('Service', pooler.name),
  ]);
  const host = service?.content['clusterIP'];
  if (typeof upstream === 'string') throw failure('ConfigurationMissing', upstream);
  if (typeof host !== 'string') throw failure('WorkloadNotFound', `there is no Service ${pooler.name} with an address`);
  const { role: user, password, database } = upstream;
  return { address: { host, port: poolerPort }, login: { user, password, database } };
}
