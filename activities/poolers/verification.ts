/** Do the pooler's pods serve? Each is asked itself: what its sidecar says of it is not enough to go on. */
import type { PoolerTopology } from '../../catalogue';
import type { Since } from '../deployments/contract';
import { judged } from '../deployments/workload';
import { failure } from '../failures';
import type { Pod } from '../kubernetes/kubernetes';
import { differences } from '../pgbouncer/configuration';
import { isLoginRefused, numberIn, passThrough } from '../pgbouncer/console';
import { keepsPreparedStatements, versionIn } from '../pgbouncer/version';
import type { PoolerDependencies } from './dependencies';
import { selectorOf } from './manifests';
import { type Primary, readPrimary, wrongBehind } from './passage';
import { addressOf, askPooler } from './pods';
import type { Wanted } from './state';

/** Rolled out, and every pod lets a transaction through as wanted. */
export async function verifyPods(wanted: Wanted, since: Since | undefined, use: PoolerDependencies): Promise<string> {
  const kubernetes = use.kubernetes();
  const deployment = await kubernetes.readDeployment(wanted.pooler.name);
  const [pods, warnings] = await Promise.all([kubernetes.readPods(deployment), kubernetes.readWarnings(deployment)]);
  const present = pods.filter(({ terminating }) => !terminating);
  const server = await use.servers.readServer(use.topology.postgres.primary);
  const cluster = await readPrimary(server, use);
  const tried = await Promise.all(present.map((pod) => tryPod(pod, wanted, cluster)));
  // A pod that refuses the login never becomes Ready: said at once, and with the reason.
  const refused = tried.flatMap(({ refused: why }) => why ?? []);
  if (refused.length > 0) throw failure('WorkloadFailing', refused.join('; '));
  const { replicas } = deployment;
  const rolledOut = judged({ deployment, pods, warnings }, { atLeast: replicas, allGone: true }, since);
  const open = tried.flatMap(({ open: why }) => why ?? []);
  if (open.length > 0) throw failure('NotVerified', open.join('; '));
  return [`each of ${tried.length} pods let a transaction through to ${cluster.name}`, said(tried), rolledOut].join(
    ', ',
  );
}

/** On the way back, of pods with a former configuration: they are there, and Ready. */
export async function verifyFormerPods(pooler: PoolerTopology, use: PoolerDependencies): Promise<string> {
  const kubernetes = use.kubernetes();
  const deployment = await kubernetes.readDeployment(pooler.name);
  const pods = await kubernetes.readPods(deployment);
  return judged({ deployment, pods, warnings: [] }, { atLeast: deployment.replicas, allGone: true }, undefined);
}

export async function verifyGone(pooler: PoolerTopology, use: PoolerDependencies): Promise<string> {
  const left = await use.kubernetes().countPods(selectorOf(pooler));
  if (left > 0) throw failure('NotVerified', `${left} pods of ${pooler.name} are still there`);
  return 'there is none, and no pod of it';
}

interface Tried {
  open?: string;
  refused?: string;
  /** "PgBouncer 1.18.0, TLSv1.3 to the server". */
  said?: string;
}

async function tryPod(pod: Pod, wanted: Wanted, primary: Primary): Promise<Tried> {
  const { name, ready } = pod;
  if (pod.address === undefined) return { open: `${name} has no address yet` };
  const { role: user, password, database } = wanted.upstream;
  try {
    const passage = await passThrough(addressOf(pod), { user, password, database });
    const shown = await askPooler(pod, wanted.rendered.password, async (console) => ({
      version: (await console.show('VERSION'))[0]?.['version'],
      configuration: await console.show('CONFIG'),
      databases: await console.show('DATABASES'),
    }));
    const wrong = [...wrongBehind(passage, primary), ...differences(shown, wanted.upstream, wanted.settings)];
    if (wrong.length > 0) return { open: `${name}: ${wrong.join(', ')}` };
    return { said: `${describeVersion(shown)}, ${passage.tls} to the server` };
  } catch (error) {
    const why = `${name}: ${(error as Error).message}`;
    return isLoginRefused(error) && ready === false ? { refused: why } : { open: why };
  }
}

interface Shown {
  version?: string | null | undefined;
  configuration: Record<string, string | null>[];
}

function describeVersion({ version, configuration }: Shown): string {
  const known = versionIn(version);
  if (!known) return 'PgBouncer of an unknown version';
  const kept = numberIn(configuration, 'max_prepared_statements');
  const statements = keepsPreparedStatements(known, kept) ? `${kept} named statements` : 'no named statements';
  return `PgBouncer ${known.major}.${known.minor} (${statements})`;
}

/** What all say is said once. */
function said(tried: Tried[]): string {
  return [...new Set(tried.flatMap((one) => one.said ?? []))].join(' and ');
}
