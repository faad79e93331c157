/** Which way a deployment's pods go, as tables over what the primary and the pooler's pods say. */
import { judgeBack, judgeForward } from '../../../../activities/cutover/sessions';

const [first, second] = ['10.0.0.1', '10.0.0.2'];
/** Behind which translated addresses look alike. */
const node = '10.9.9.9';
const names = { deployment: 'api', pooler: 'pgbouncer' };
const pods = [{ name: 'api-1', address: first }, { name: 'api-2', address: second }, { name: 'api-3' }];
const clients = (...addresses: string[]) => ({
  ...{ addresses: new Set(addresses), applications: new Set<string>(), silent: [] },
});
const named = (...applications: string[]) => ({ ...clients(node), applications: new Set(applications) });
const silent = (ready: boolean) => ({ ...clients(), silent: [{ name: 'pgbouncer-1', ready }] });
const session = (pid: number, application: string, address?: string) => ({
  ...{ pid, application },
  ...(address === undefined ? {} : { address }),
});

const forward = {
  ...{ ...names, pods, clients: clients(first), answered: 0, others: ['worker'] },
  ...{ variable: 'DATABASE_URL', primary: 'main', role: 'app', sessions: [], pooled: new Set([7]) },
};
type Seen = Parameters<typeof judgeForward>[0];
const passed = 'api has no session of its own on main; 1 of 3 pods are seen as clients of pgbouncer';
const unseen = 'api has no session of its own on main';
const nobodys = [session(1, '', node), session(2, 'node-postgres', node)];
const unknown = '2 sessions of app on main are in no pool and do not say whose they are';

test.each<[string, Partial<Seen>, string]>([
  ['through the pool', {}, passed],
  ['its sessions in the pool', { sessions: [session(7, 'api-1', first)] }, passed],
  ['through the pool, beside sessions that are nobody’s', { sessions: nobodys, answered: 3 }, passed],
  [
    'through the pool, by its name alone',
    { clients: named('worker-1', 'api-2'), sessions: nobodys, answered: 3 },
    passed,
  ],
  ['no pod connects, and nobody else is there', { clients: clients(), answered: 3 }, unseen],
  [
    'no pod connects, and another deployment has sessions',
    { clients: clients(), answered: 3, sessions: [session(1, 'worker-1', node)] },
    unseen,
  ],
  [
    'nobody asks its pods, and there are sessions that are nobody’s',
    { clients: clients(), sessions: nobodys },
    `${unseen}; ${unknown}`,
  ],
  ['a session over a socket', { sessions: [session(1, 'psql')] }, passed],
  ['a pod of the pooler that is not Ready', { clients: { ...clients(first), silent: silent(false).silent } }, passed],
])('verified on the way forward: %s', (_what, seen, evidence) =>
  expect(judgeForward({ ...forward, ...seen })).toEqual({ open: [], evidence }),
);

test.each<[string, Partial<Seen>, string]>([
  ['by a pod’s address', { sessions: [session(1, '', first)] }, 'api has 1 sessions of its own on main still'],
  ['by its name', { sessions: [session(1, 'api-1', node)] }, 'api has 1 sessions of its own on main still'],
  [
    'its pods answer, none is a client, and there are sessions that are nobody’s',
    { clients: clients(node), answered: 2, sessions: nobodys },
    `no pod of api is a client of pgbouncer, though 2 have just answered as clients ask, and ${unknown}: the application must read DATABASE_URL, and the path of its clientUrl the database`,
  ],
  [
    'a pod of the pooler that serves and does not answer',
    { clients: silent(true) },
    'pgbouncer-1 of pgbouncer is Ready and does not say who its clients are',
  ],
])('not verified on the way forward: %s', (_what, seen, why) =>
  expect(judgeForward({ ...forward, ...seen }).open).toEqual([why]),
);

const gone = 'no pod of api is a client of pgbouncer';

test.each([
  ['none is a client', clients(node), [], gone],
  ['there is no pooler any more', clients(), [], gone],
  ['one is', clients(node, second), ['api-2 is still a client of pgbouncer'], gone],
  ['one is, by its name', named('api-2'), ['api-2 is still a client of pgbouncer'], gone],
  ['another deployment is, and a pod with a longer name', named('worker-1', 'api-10', ''), [], gone],
  ['one is, by a name that says more', named('api-2 (orders)'), ['api-2 is still a client of pgbouncer'], gone],
  [
    'a pod that serves does not answer',
    silent(true),
    ['pgbouncer-1 of pgbouncer is Ready and does not say who its clients are'],
    gone,
  ],
  [
    'a pod that is broken does not answer',
    silent(false),
    [],
    `${gone}; pods of pgbouncer that are not Ready and do not answer: 1`,
  ],
])('on the way back: %s', (_what, seen, open, evidence) =>
  expect(judgeBack({ ...names, pods, clients: seen })).toEqual({ open, evidence }),
);
