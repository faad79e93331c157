/** What is to be done next where servers move slots by themselves, as tables. */
import type { Situation } from '../../../../activities/redis/cluster/situation';
import { rangesOf } from '../../../../activities/redis/cluster/slots';
import type { SlotMigration } from '../../../../activities/redis/cluster/view';
import { after, before, nodes, plan, replicas, tail, type Told, told } from './slot-situations';

const running = (to: string, ...slots: number[]): SlotMigration[] => [
  { name: 'a job', to, slots: rangesOf(slots), state: 'running', message: '' },
];
const ended = (state: SlotMigration['state']): SlotMigration[] =>
  running('b', 0, 1).map((migration) => ({ ...migration, state }));
const can = (told: Record<string, Told>) =>
  Object.fromEntries(Object.entries(told).map(([id, one]) => [id, { migrations: [], ...one }]));
const idle = { a: { slots: [0, 1] }, b: { slots: tail }, ...replicas };
const back = { before: after, after: before };

test.each<[string, typeof plan, Record<string, Told>, Partial<Situation>, string[]]>([
  ['all can', plan, can(idle), {}, ['a is told [[0,1]] to b']],
  ['a replica cannot', plan, { ...can(idle), b2: replicas.b2 }, {}, ['0 a→b', '1 a→b']],
  ['nobody can', plan, idle, {}, ['0 a→b', '1 a→b']],
  ['not all is well', plan, can(idle), { trouble: 'b2 is silent' }, ['wait: b2 is silent']],
  [
    'one is seen as failing',
    plan,
    can({ ...idle, b: { slots: tail, flags: ['fail?'] } }),
    {},
    ['wait: a node sees another as failing'],
  ],
  ['under way', plan, can({ ...idle, a: { slots: [0, 1], migrations: running('b', 0, 1) } }), {}, ['a is watched']],
  [
    'a part is under way',
    plan,
    can({ ...idle, a: { slots: [0, 1], migrations: running('b', 1) } }),
    {},
    ['a is watched', 'a is told [[0,0]] to b'],
  ],
  [
    'under way, and a node is silent by now',
    plan,
    { ...can({ ...idle, a: { slots: [0, 1], migrations: running('b', 0, 1) } }), b2: replicas.b2 },
    { trouble: 'a2 is silent' },
    ['a is watched'],
  ],
  [
    'under way on the way there, and it goes back',
    back,
    can({ ...idle, a: { slots: [0, 1], migrations: running('b', 0, 1) } }),
    {},
    ['a calls off'],
  ],
  [
    'under way on the way there, one half moved beside it, and it goes back: that first',
    back,
    can({ ...idle, a: { slots: [0, 1], moving: [{ slot: 1, to: 'b' }], migrations: running('b', 0) } }),
    {},
    ['a calls off'],
  ],
  [
    "somebody else's",
    plan,
    can({ ...idle, b: { slots: tail, migrations: running('a', 5) } }),
    {},
    ['drift: pod-b is moving slots 5, told to by somebody else'],
  ],
  [
    'to another node than planned',
    plan,
    can({ ...idle, a: { slots: [0, 1], migrations: running('c', 0) } }),
    {},
    ['drift: pod-a is moving slots 0, told to by somebody else'],
  ],
  [
    'one has failed: once more',
    plan,
    can({ ...idle, a: { slots: [0, 1], migrations: ended('failed') } }),
    {},
    ['a is told [[0,1]] to b'],
  ],
  [
    'over',
    plan,
    can({ a: { slots: [], migrations: ended('success') }, b: { slots: [0, 1, ...tail] }, ...replicas }),
    {},
    ['done'],
  ],
  [
    'half moved key by key before: finished so, and alone',
    plan,
    can({ ...idle, a: { slots: [0, 1], moving: [{ slot: 1, to: 'b' }] } }),
    {},
    ['1 a→b, half moved', '0 a→b'],
  ],
])('%s', (_name, way, seen, more, expected) => {
  expect(told(way, nodes(seen), more)).toEqual(expected);
});

test('a master without slots gets them from all others at once', () => {
  const halves = [
    { ids: ['a'], slots: rangesOf([0, 1, 2]) },
    { ids: ['b'], slots: rangesOf([3, 4, 5]) },
    { ids: ['c'], slots: rangesOf([]) },
  ];
  const thirds = [[0], [3, 4], [1, 2, 5]].map((slots, index) => ({ ...halves[index]!, slots: rangesOf(slots) }));
  const all = nodes(can({ a: { slots: [0, 1, 2] }, b: { slots: [3, 4, 5] }, c: { slots: [] } }));
  expect(told({ before: halves, after: thirds }, all)).toEqual(['a is told [[1,2]] to c', 'b is told [[5,5]] to c']);
});
