/** Which way a deployment's pods go, by what the primary and the pooler's pods say. Pure, table-tested. */
import type { Pod } from '../kubernetes/kubernetes';
import type { PoolerClients } from '../poolers/pods';
import type { Session } from '../postgres/session-features';

type Addressed = Pick<Pod, 'name' | 'address'>;

export interface Judged {
  open: string[];
  evidence: string;
}

interface Back {
  deployment: string;
  pooler: string;
  pods: Addressed[];
  clients: PoolerClients;
}

/** On the way back no pod may go through the pool any more, by its address or its name. */
export function judgeBack({ deployment, pooler, pods, clients }: Back): Judged {
  const still = pods.filter(isOf(clients)).map(({ name }) => name);
  // A pooler that is broken must not stop the very run that leads clients away from it.
  const away = clients.silent.filter(({ ready }) => !ready).length;
  return {
    open: [
      ...(still.length > 0 ? [`${still.join(', ')} is still a client of ${pooler}`] : []),
      ...silentIn(pooler, clients),
    ],
    evidence: `no pod of ${deployment} is a client of ${pooler}${away > 0 ? `; pods of ${pooler} that are not Ready and do not answer: ${away}` : ''}`,
  };
}

interface Forward extends Back {
  /** The topology's other deployments. */
  others: string[];
  /** How many pods have just answered as their clients ask; 0 where the topology does not say how they do. */
  answered: number;
  variable: string;
  primary: string;
  role: string;
  /** Of that role, but for our own. */
  sessions: Session[];
  /** Server processes that belong to a pool. */
  pooled: Set<number>;
}

/**
 * On the way forward no session may be the deployment's own. It is known by a pod's address or by its name; behind a
 * translated address, and without a name, it is nobody's. So pods are looked for among the pool's clients as well: they are
 * of one template, and one that is there shows it for all.
 *
 * That none is there is held against them only where they have answered their clients and there are sessions that may be
 * theirs. Pods that nobody asks have no connection either way, while other programs of the same role have theirs: taking back
 * a good cutover for that, at every attempt, would be worse than to say in the evidence what could not be seen.
 */
export function judgeForward(seen: Forward): Judged {
  const { deployment, pooler, pods, clients, answered, variable, primary, role } = seen;
  const { own, nobodys } = pastThePool(seen);
  const through = pods.filter(isOf(clients)).length;
  const unexplained = through === 0 && nobodys > 0;
  const unknown = `${nobodys} sessions of ${role} on ${primary} are in no pool and do not say whose they are`;
  return {
    open: [
      ...(own > 0 ? [`${deployment} has ${own} sessions of its own on ${primary} still`] : []),
      ...silentIn(pooler, clients),
      ...(unexplained && answered > 0
        ? [
            `no pod of ${deployment} is a client of ${pooler}, though ${answered} have just answered as clients ask, and ${unknown}: the application must read ${variable}, and the path of its clientUrl the database`,
          ]
        : []),
    ],
    // Behind a translated address none is seen.
    evidence: [
      `${deployment} has no session of its own on ${primary}`,
      ...(through > 0 ? [`${through} of ${pods.length} pods are seen as clients of ${pooler}`] : []),
      ...(unexplained ? [unknown] : []),
    ].join('; '),
  };
}

function pastThePool({ deployment, others, pods, sessions, pooled }: Forward): { own: number; nobodys: number } {
  const addresses = new Set(pods.flatMap(({ address }) => address ?? []));
  const isNamed = (name: string, { application }: Session) => application.startsWith(`${name}-`);
  const isOwn = (session: Session) => addresses.has(session.address ?? '') || isNamed(deployment, session);
  const past = sessions.filter(({ pid }) => !pooled.has(pid));
  const own = past.filter(isOwn);
  const nobodys = past.filter((session) => !isOwn(session) && !others.some((name) => isNamed(name, session)));
  return { own: own.length, nobodys: nobodys.length };
}

/** By its address; or by its name, which names no other pod: on its way to the pool an address may be translated as well. */
function isOf({ addresses, applications }: PoolerClients): (pod: Addressed) => boolean {
  const known = [...applications];
  // Whatever an application adds to its name is set off from it: api-1 is not api-10.
  const isNamed = (name: string) =>
    known.some((application) => application.startsWith(name) && !/^[a-z0-9-]/.test(application.slice(name.length)));
  return ({ name, address }) => (address !== undefined && addresses.has(address)) || isNamed(name);
}

/** That nobody was seen means nothing while one that serves was not looked at. */
function silentIn(pooler: string, { silent }: PoolerClients): string[] {
  const names = silent.filter(({ ready }) => ready).map(({ name }) => name);
  return names.length > 0 ? [`${names.join(', ')} of ${pooler} is Ready and does not say who its clients are`] : [];
}
