/** The pooler's pods, each asked itself by its console. */
import type { Kubernetes, Pod } from '../kubernetes/kubernetes';
import { administrator, poolerPort } from '../pgbouncer/configuration';
import { type Address, type Console, type Limits, onConsole } from '../pgbouncer/console';
import { selectorOf } from './manifests';
import { passwordKey } from './secret';

/** With the console's password: it stays in this process. */
export interface PoolerPods {
  pods: Pod[];
  password: string;
}

/** None where there is no pooler. Those that are leaving are left out. */
export async function readPoolerPods(kubernetes: Kubernetes, name: string): Promise<PoolerPods> {
  if (!(await kubernetes.findObject('Deployment', name))) return { pods: [], password: '' };
  const [deployment, { text = '' }] = await Promise.all([
    kubernetes.readDeployment(name),
    kubernetes.readSecret(name, passwordKey),
  ]);
  const pods = await kubernetes.readPods(deployment);
  return { pods: pods.filter(({ terminating }) => !terminating), password: text };
}

/**
 * Names of pods that are none of the pooler's own, and have its label: its Service leads clients to them. `labeled` is read first, or a
 * pod of its own that has just been made would be taken for one.
 */
export function strangersAmong(
  labeled: Pick<Pod, 'name' | 'uid' | 'terminating'>[],
  own: Pick<Pod, 'uid'>[],
): string[] {
  const known = new Set(own.map(({ uid }) => uid));
  return labeled.filter(({ uid, terminating }) => !terminating && !known.has(uid)).map(({ name }) => name);
}

/** The same with what is to be done about each. Throws where there is no pooler. */
export async function strangePods(kubernetes: Kubernetes, name: string): Promise<{ pod: string; problem: string }[]> {
  const labeled = await kubernetes.readLabeledPods(selectorOf({ name }));
  const own = await kubernetes.readPods(await kubernetes.readDeployment(name));
  const problem = `it has the label app=${name} and is none of the pooler's: remove it, or the label, first`;
  return strangersAmong(labeled, own).map((pod) => ({ pod, problem }));
}

/** Throws where the pod does not answer within its limits. */
export function askPooler<T>(
  pod: Pick<Pod, 'address'>,
  password: string,
  ask: (console: Console) => Promise<T>,
  limits?: Limits,
): Promise<T> {
  return onConsole(addressOf(pod), { user: administrator, password }, ask, limits);
}

/**
 * Server processes that belong to a pool (pgbouncer.org/usage.html, SHOW SERVERS: remote_pid). Of a pod that does not answer none is
 * known.
 */
export async function pooledProcesses({ pods, password }: PoolerPods): Promise<Set<number>> {
  const servers = pods.map((pod) => askPooler(pod, password, ({ show }) => show('SERVERS')).catch(() => []));
  return new Set((await Promise.all(servers)).flat().map((row) => Number(row['remote_pid'])));
}

/** What pods of the pooler say of their clients. */
export interface PoolerClients {
  /** Where clients of any database come from (SHOW CLIENTS: addr). */
  addresses: Set<string>;
  /** What they call themselves, where this version of PgBouncer tells (application_name). */
  applications: Set<string>;
  /** Pods that do not answer: they may have any. */
  silent: Pick<Pod, 'name' | 'ready'>[];
}

export async function readClients({ pods, password }: PoolerPods): Promise<PoolerClients> {
  const told = await Promise.all(
    pods.map(async (pod) => {
      const rows = await askPooler(pod, password, ({ show }) => show('CLIENTS')).catch(() => undefined);
      return { pod, rows };
    }),
  );
  const all = (column: string) => new Set(told.flatMap(({ rows = [] }) => rows.flatMap((row) => row[column] ?? [])));
  return {
    ...{ addresses: all('addr'), applications: all('application_name') },
    silent: told.flatMap(({ pod, rows }) => (rows ? [] : [pod])),
  };
}

export function addressOf({ address = '' }: Pick<Pod, 'address'>): Address {
  return { host: address, port: poolerPort };
}
