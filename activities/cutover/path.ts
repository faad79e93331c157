/** A deployment's path to the primary, as its template has it; and who of its pods goes which way. */
import type { DeploymentTopology, PoolerTopology } from '../../catalogue';
import { knownDeployment } from '../deployments/inspection';
import { failure } from '../failures';
import type { Deployment, Kubernetes, Pod } from '../kubernetes/kubernetes';
import { poolerPort } from '../pgbouncer/configuration';
import { pooledUrl } from '../pgbouncer/pooled-url';
import { knownPooler, type PoolerDependencies } from '../poolers/dependencies';
import type { PathState, Published } from './contract';

/** What the topology says of it. */
export interface Way {
  pooler: PoolerTopology;
  known: DeploymentTopology;
  podEndpoint: NonNullable<DeploymentTopology['podEndpoint']>;
  variable: string;
  secret: string;
  key: string;
  pooledKey: string;
}

/** Throws ConfigurationMissing where the topology does not say. */
export function wayOf(deployment: string, use: PoolerDependencies): Way {
  const pooler = knownPooler(use);
  const known = knownDeployment(deployment, use);
  const { primaryUrl, podEndpoint } = known;
  if (primaryUrl && podEndpoint) return { pooler, known, podEndpoint, ...primaryUrl };
  const missing = primaryUrl
    ? 'how a pod of it is asked: add its podEndpoint'
    : 'how it reaches the primary: add its primaryUrl';
  throw failure(
    'ConfigurationMissing',
    `the topology does not say of ${deployment} ${missing} (docs/runbooks/pgbouncer-cutover.md)`,
  );
}

export function stateOf(found: Deployment, variable: string): PathState {
  const { maxSurge, maxUnavailable, minReadySeconds, progressDeadlineSeconds, secretReferences } = found;
  const reference = secretReferences[variable];
  const rules = { maxSurge, maxUnavailable, minReadySeconds, progressDeadlineSeconds };
  return { ...(reference === undefined ? {} : { reference }), ...rules };
}

export function showPath({ reference = 'elsewhere', ...rules }: PathState): string {
  return `${reference}, surge ${rules.maxSurge}, unavailable ${rules.maxUnavailable}, ready after ${rules.minReadySeconds} s`;
}

/** Of those that are not leaving: the pods that take the URL from there, and the others. */
export function divided(pods: Pod[], variable: string, reference: string | undefined): { on: Pod[]; off: Pod[] } {
  const present = pods.filter(({ terminating }) => !terminating);
  const isOn = ({ secretReferences }: Pod) => secretReferences[variable] === reference;
  return { on: present.filter(isOn), off: present.filter((pod) => !isOn(pod)) };
}

/** What is under the pooled key, beside the URL that is to be there: it is made of the direct one. Secret: `found`, `url`. */
export async function readPublished(kubernetes: Kubernetes, { pooler, secret, key, pooledKey }: Way) {
  const [direct, found] = await Promise.all([
    kubernetes.readSecret(secret, key),
    kubernetes.readSecret(secret, pooledKey),
  ]);
  const made = pooledUrl(direct.text, { host: pooler.name, port: poolerPort });
  const [url, problem] = 'url' in made ? [made.url, undefined] : [undefined, made.problem];
  const published: Published = found.text === undefined ? 'absent' : found.text === url ? 'current' : 'other';
  return { direct, found, published, url, problem };
}
