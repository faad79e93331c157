/** The pooler before a primary, and how long a client waits in each of its pods. Reads only. */
import type { FlexibleServer } from '../azure/flexible-servers';
import { failure, oneLine, toFailure } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import type { Pod } from '../kubernetes/kubernetes';
import { patienceIn, type Upstream, upstreamOf } from '../pgbouncer/configuration';
import { numberIn, passThrough } from '../pgbouncer/console';
import { postgresProblem } from '../postgres/failures';
import { isSameServer, type Primary, readPrimary } from '../poolers/passage';
import { gapOf } from '../poolers/gap';
import { addressOf, askPooler, readPoolerPods } from '../poolers/pods';
import { readStaged } from '../poolers/staged';
import type { PoolerFacts, PoolerPodFacts } from './contract';
import type { DatabaseDependencies } from './dependencies';

/**
 * Undefined where the topology has none before this server: each pod says that it leads elsewhere, or none can be asked and it is neither the
 * topology's primary nor in the application's URL. (By databaseReplace both, pods and URL, lead to the new server before anybody changes the
 * topology.) What cannot be read is told instead of thrown: a server is made larger also while the cluster is in trouble.
 */
export async function readPooler(server: FlexibleServer, use: DatabaseDependencies): Promise<PoolerFacts | undefined> {
  const { namespace = '', pooler } = use.topology.kubernetes ?? {};
  if (!pooler) return undefined;
  const named = { namespace, name: pooler.name };
  let isNamed = server.name === use.topology.postgres.primary;
  try {
    const kubernetes = use.kubernetes();
    const { secret, key } = pooler.application;
    const [{ pods, password }, { text }] = await Promise.all([
      readPoolerPods(kubernetes, pooler.name),
      kubernetes.readSecret(secret, key),
    ]);
    const upstream = upstreamOf(text);
    isNamed ||= typeof upstream !== 'string' && upstream.host === server.host;
    if (pods.length === 0) return isNamed ? { ...named, pods: [] } : undefined;
    if (typeof upstream === 'string') throw failure('ConfigurationMissing', `${key} of ${secret}: ${upstream}`);
    const primary = await readPrimary(server, use);
    const asked = await Promise.all(pods.map((pod) => askPod(pod, password, upstream, primary)));
    const here = asked.filter((pod) => pod !== undefined);
    const leadsHere = here.some(({ problem }) => problem === undefined);
    if (here.length === 0 || !(leadsHere || isNamed)) return undefined;
    const staged = await readStaged(pooler, kubernetes);
    const written = patienceIn(staged.text ?? '');
    // Only then would a RELOAD change nothing but what the run does.
    const gaps = written ? await Promise.all(pods.map((pod) => gapOf(pod, password, written, staged))) : [];
    return {
      ...named,
      pods: here,
      ...(written && gaps.every((gap) => gap === undefined) ? { configured: written } : {}),
    };
  } catch (error) {
    if (!isNamed) return undefined;
    return { ...named, pods: [], problem: toFailure(error, [kubernetesProblem, postgresProblem]).message };
  }
}

/** Undefined where it leads to another server. */
async function askPod(
  pod: Pod,
  password: string,
  { role: user, password: own, database }: Upstream,
  primary: Primary,
): Promise<PoolerPodFacts | undefined> {
  try {
    const passage = await passThrough(addressOf(pod), { user, password: own, database });
    if (!isSameServer(passage, primary) || passage.inRecovery) return undefined;
    const configuration = await askPooler(pod, password, ({ show }) => show('CONFIG'));
    return {
      ...{ pod: pod.name, queryWaitTimeoutSeconds: numberIn(configuration, 'query_wait_timeout') },
      serverLoginRetrySeconds: numberIn(configuration, 'server_login_retry'),
    };
  } catch (error) {
    return { pod: pod.name, problem: oneLine((error as Error).message) };
  }
}
