/** What this run has made, taken away again: never what others have made, or hold keys in. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisClusterTopology } from '../../catalogue';
import { type Alive, assertInTime } from '../alive';
import { stuck, waits } from '../deployments/judgement';
import { failure } from '../failures';
import type { Claim, KnownObject, Kubernetes, Pod } from '../kubernetes/kubernetes';
import { isMadeBy } from '../kubernetes/manifests';
import { withClusterNodes } from '../redis/cluster/client';
import type { RequestIdentity } from '../request-identity';
import type { RedisClusterKind } from './contract';
import { claimOf, selectorOf } from './manifests';
import { membersOf, readPassword, readPods } from './members';

/** More keys than a run's own can be are not looked through: a server that is used stands still meanwhile. */
const ownMax = 100;

export interface Removal {
  kind: RedisClusterKind;
  kubernetes: Kubernetes;
  cluster: RedisClusterTopology;
  /** Claims that were there before. */
  keep: string[];
  /** Its pods have never all been Ready, so that it was never a cluster that takes keys. */
  neverReady: boolean;
  deadlineSeconds: number;
}

export async function remove(removal: Removal, alive: Alive): Promise<void> {
  const { kind, kubernetes } = removal;
  const found = await findOwn(removal, alive.identity);
  if (found && kind === 'StatefulSet') await assertNoForeignKeys(removal, alive.identity);
  if (found) {
    alive.assertAwake();
    await kubernetes.deleteObject(kind, found, alive.identity);
  }
  if (kind === 'StatefulSet') await removeClaims({ ...removal, isMeant: () => true }, alive);
}

/**
 * Asked before the removal begins, because once its pods are gone nobody can say what is on their volumes. Throws Drift where
 * somebody has written to it, or where only volumes are left; NotVerified where a node does not answer.
 */
export async function assertUnused(
  removal: Pick<Removal, 'kubernetes' | 'cluster' | 'keep' | 'neverReady'>,
  identity: RequestIdentity,
): Promise<string> {
  const { kubernetes, cluster, keep } = removal;
  if (await findOwn({ ...removal, kind: 'StatefulSet' }, identity)) {
    await assertNoForeignKeys(removal, identity);
    return `no node of ${cluster.name} holds a key of others`;
  }
  const left = await claimsBut(keep, kubernetes, cluster);
  if (left.length === 0) return `${cluster.name} has no pods and no volumes`;
  const names = left.map(({ name }) => name).join(', ');
  throw failure(
    'Drift',
    `StatefulSet ${cluster.name} is gone, and nobody can tell what is on ${names}: they are left alone`,
  );
}

/** Undefined where there is none. Throws Drift where it is another's. */
async function findOwn(
  { kind, kubernetes, cluster }: Pick<Removal, 'kind' | 'kubernetes' | 'cluster'>,
  identity: RequestIdentity,
): Promise<KnownObject | undefined> {
  const found = await kubernetes.findObject(kind, cluster.name);
  if (!found || isMadeBy(found, identity)) return found;
  throw failure('Drift', `${kind} ${cluster.name} was not made by this run: it is left alone`);
}

/**
 * Of the pods that are meant, by the names of either. A claim in use is not removed by Kubernetes before its pod is gone, so that is
 * waited for.
 */
export async function removeClaims(
  {
    kubernetes,
    cluster,
    keep,
    deadlineSeconds,
    isMeant,
  }: Omit<Removal, 'kind' | 'neverReady'> & { isMeant: (name: string) => boolean },
  alive: Alive,
): Promise<void> {
  for (;;) {
    const pods = (await readPods(kubernetes, cluster)).filter(({ name }) => isMeant(name));
    if (pods.length === 0) break;
    assertInTime(`the end of ${pods.length} pods of ${cluster.name}`, deadlineSeconds);
    await sleep(500);
  }
  for (const claim of await claimsBut(keep, kubernetes, cluster)) {
    if (!isMeant(claim.name)) continue;
    alive.assertAwake();
    await kubernetes.deleteClaim(claim, alive.identity);
  }
}

async function claimsBut(keep: string[], kubernetes: Kubernetes, cluster: RedisClusterTopology): Promise<Claim[]> {
  const claims = await kubernetes.readClaims(selectorOf(cluster));
  return claims.filter(({ name }) => !keep.includes(name));
}

async function assertNoForeignKeys(
  { kubernetes, cluster, keep, neverReady }: Pick<Removal, 'kubernetes' | 'cluster' | 'keep' | 'neverReady'>,
  { correlationId }: RequestIdentity,
): Promise<void> {
  const pods = await readPods(kubernetes, cluster);
  if (!neverReady) assertAskable(pods, await claimsBut(keep, kubernetes, cluster));
  const members = membersOf(pods.filter(({ waiting }) => !waiting));
  if (members.length === 0) return;
  await withClusterNodes(await readPassword(kubernetes, cluster), async (nodes) => {
    for (const member of members) {
      const seen = await nodes.read(member);
      if ('silent' in seen) {
        throw failure('NotVerified', `${member.pod} does not say whether it holds keys: ${seen.silent}`);
      }
      const { keys } = seen.view;
      const own = keys > ownMax ? [] : await nodes.ask(member, ['KEYS', `durable-runbooks:${correlationId}:*`]);
      const others = keys - (own as string[]).length;
      if (others <= 0) continue;
      throw failure(
        'Drift',
        `${member.pod} holds ${others} keys that are not this run's: it is left alone, and so are its claims`,
      );
    }
  });
}

/** What cannot be asked may hold anything. Throws WorkloadFailing where it never can be, NotVerified where it may yet. */
function assertAskable(pods: Pod[], claims: Claim[]): void {
  const hopeless = stuck(pods);
  if (hopeless.length > 0) {
    throw failure('WorkloadFailing', `nobody can ask whether they hold keys of others: ${hopeless.join('; ')}`);
  }
  const late = pods.filter(({ waiting, address }) => waiting || !address).map((pod) => `${pod.name}${waits(pod)}`);
  const alone = claims.filter(({ name }) => !pods.some((pod) => name === claimOf(pod.name))).map(({ name }) => name);
  const open = [...late, ...alone.map((name) => `${name}, which has no pod`)];
  if (open.length > 0) throw failure('NotVerified', `cannot be asked yet for keys of others: ${open.join('; ')}`);
}
