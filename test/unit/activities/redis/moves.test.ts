/** What is to be done next with slots on their way, as tables: whatever state a dead worker or a failover has left. */
import { balanced, type Shard } from '../../../../activities/redis/cluster/balance';
import { type NextMoves, nextMoves, type Situation } from '../../../../activities/redis/cluster/moves';
import { type Node, nodeOf } from '../../../../activities/redis/cluster/nodes';
import { rangesOf } from '../../../../activities/redis/cluster/slots';
import type { KnownNode } from '../../../../activities/redis/cluster/view';

/** Slots 0 and 1 are a's and go to b; all others stay. a2 and b2 are their replicas. */
const before: Shard[] = [
  { ids: ['a', 'a2'], slots: [[0, 1]] },
  { ids: ['b', 'b2'], slots: [[2, 9]] },
];
const after: Shard[] = [
  { ids: ['a', 'a2'], slots: [] },
  { ids: ['b', 'b2'], slots: [[0, 9]] },
];
const plan = { before, after };

interface Told {
  slots: number[];
  moving?: KnownNode['moving'];
  epoch?: number;
  master?: string;
  /** How others see it. */
  flags?: string[];
}

function nodes(told: Record<string, Told>): Node[] {
  const lines = Object.entries(told).map(([id, { slots, moving = [], epoch = 1, master, flags = [] }]): KnownNode => ({
    ...{
      id,
      host: id,
      port: 6379,
      flags: [master === undefined ? 'master' : 'slave', ...flags],
      epoch,
      connected: true,
    },
    ...{ slots: rangesOf(slots), moving, ...(master === undefined ? {} : { master }) },
  }));
  return Object.keys(told).map((id, ordinal) => {
    const view = { id, clusterEnabled: true, state: 'ok' as const, keys: 0, linkUp: true, known: lines };
    return nodeOf({ ordinal, pod: `pod-${id}`, host: id, port: 6379 }, view);
  });
}

const tail = [2, 3, 4, 5, 6, 7, 8, 9];
const replicas = { a2: { slots: [], master: 'a' }, b2: { slots: [], master: 'b' } };
const shown = (next: NextMoves): string[] => {
  if (next.answer !== 'act') return [next.answer === 'done' ? 'done' : `${next.answer}: ${next.reason}`];
  return [
    ...next.settle.map(({ slot, owner, at }) => `${at.view.id} hears that ${slot} is ${owner.view.id}'s`),
    ...next.moves.map(
      ({ slot, from, to, half }) => `${slot} ${from.view.id}→${to.view.id}${half ? ', half moved' : ''}`,
    ),
  ];
};
const holds = (id: string, ...slots: number[]) => new Map([[id, new Set(slots)]]);

test.each<[string, Record<string, Told>, Partial<Situation>, string[]]>([
  ['nothing is moved yet', { a: { slots: [0, 1] }, b: { slots: tail } }, {}, ['0 a→b', '1 a→b']],
  ['all is moved', { a: { slots: [] }, b: { slots: [0, 1, ...tail] } }, {}, ['done']],
  [
    'opened by the new master alone',
    { a: { slots: [0, 1] }, b: { slots: tail, moving: [{ slot: 1, from: 'a' }] } },
    {},
    ['1 a→b, half moved', '0 a→b'],
  ],
  [
    'opened by both',
    { a: { slots: [0, 1], moving: [{ slot: 1, to: 'b' }] }, b: { slots: tail, moving: [{ slot: 1, from: 'a' }] } },
    {},
    ['1 a→b, half moved', '0 a→b'],
  ],
  [
    'closed by the new master alone',
    { a: { slots: [0, 1], moving: [{ slot: 0, to: 'b' }] }, b: { slots: [0, ...tail], epoch: 2 } },
    {},
    ["a hears that 0 is b's"],
  ],
  [
    'closed, and a mark is left at the old master',
    { a: { slots: [1], moving: [{ slot: 0, to: 'b' }] }, b: { slots: [0, ...tail], epoch: 2 } },
    {},
    ["a hears that 0 is b's"],
  ],
  [
    'closed, and a mark is left at the new master',
    { a: { slots: [1] }, b: { slots: [0, ...tail], epoch: 2, moving: [{ slot: 0, from: 'a' }] } },
    {},
    ["b hears that 0 is b's"],
  ],
  [
    'given away by the old master, and not taken by the new one yet',
    { a: { slots: [1] }, b: { slots: tail, moving: [{ slot: 0, from: 'a' }] } },
    {},
    ["b hears that 0 is b's"],
  ],
  [
    'the old master was replaced, and its replica knows of no move',
    {
      a: { slots: [], master: 'a2' },
      a2: { slots: [0, 1], epoch: 3 },
      b: { slots: tail, moving: [{ slot: 1, from: 'a' }] },
    },
    {},
    ['1 a2→b, half moved', '0 a2→b'],
  ],
  [
    'the new master was replaced, and its replica knows of no move',
    {
      a: { slots: [0, 1], moving: [{ slot: 1, to: 'b' }] },
      b: { slots: [], master: 'b2' },
      b2: { slots: tail, epoch: 3 },
    },
    {},
    ['1 a→b2, half moved', '0 a→b2'],
  ],
  [
    'no mark is left, and the new master holds keys of it',
    { a: { slots: [0, 1] }, b: { slots: tail } },
    { holds: holds('b', 1) },
    ['1 a→b, half moved', '0 a→b'],
  ],
  [
    'a node is silent: what is half moved goes on, nothing is begun',
    { a: { slots: [0, 1], moving: [{ slot: 1, to: 'b' }] }, b: { slots: tail } },
    { trouble: 'pod-b2 is silent' },
    ['1 a→b, half moved'],
  ],
  ['a node is silent', { a: { slots: [0, 1] }, b: { slots: tail } }, { trouble: 'why' }, ['wait: why']],
  [
    'a master is about to be replaced',
    { a: { slots: [0, 1], flags: ['fail?'] }, b: { slots: tail } },
    {},
    ['wait: a node sees another as failing'],
  ],
  [
    'no node of a shard is a master',
    { a2: { slots: [], master: 'a' }, b: { slots: tail } },
    {},
    ['wait: no node of a is a master'],
  ],
  [
    'a third one has a slot',
    { a: { slots: [1] }, b: { slots: tail }, c: { slots: [0] } },
    {},
    ['drift: slot 0 is with pod-c, where nobody was to move it'],
  ],
  [
    'a slot that was not to move is on its way',
    { a: { slots: [0, 1] }, b: { slots: tail, moving: [{ slot: 5, to: 'a' }] } },
    {},
    ['drift: slot 5 is being moved by somebody else'],
  ],
])('%s', (_name, told, more, expected) => {
  const all = nodes({ ...replicas, ...told });
  expect(shown(nextMoves(plan, { nodes: all, holds: new Map(), ...more }, 64))).toEqual(expected);
});

test('the old master was replaced, and the new one has lost sight of the slot: it is told first', () => {
  const all = nodes({
    a: { slots: [], master: 'a2' },
    a2: { slots: [0, 1], epoch: 3 },
    b: { slots: tail, moving: [{ slot: 1, from: 'a' }] },
    b2: replicas.b2,
  });
  const b = all.find(({ view }) => view.id === 'b')!;
  b.view.known = b.view.known.map((line) => (line.id === 'a2' ? { ...line, slots: [[0, 0]] } : line));
  expect(shown(nextMoves(plan, { nodes: all, holds: new Map() }, 64))).toEqual(["b hears that 1 is a2's"]);
});

test('on the way back what is half moved is finished first, then all goes back', () => {
  const back = { before: after, after: before };
  const half = nodes({ a: { slots: [0, 1], moving: [{ slot: 1, to: 'b' }] }, b: { slots: tail }, ...replicas });
  expect(shown(nextMoves(back, { nodes: half, holds: new Map() }, 64))).toEqual(['1 a→b, half moved']);
  const there = nodes({ a: { slots: [0] }, b: { slots: [1, ...tail] }, ...replicas });
  expect(shown(nextMoves(back, { nodes: there, holds: new Map() }, 64))).toEqual(['1 b→a']);
});

test('a master without slots gets them from one other first, and nothing new while one is half moved', () => {
  const halves = [
    { ids: ['a'], slots: rangesOf([0, 1, 2]) },
    { ids: ['b'], slots: rangesOf([3, 4, 5]) },
    { ids: ['c'], slots: rangesOf([]) },
  ];
  const thirds = [
    [0, 1],
    [3, 4],
    [2, 5],
  ].map((slots, index) => ({ ...halves[index]!, slots: rangesOf(slots) }));
  const first = nodes({ a: { slots: [0, 1, 2] }, b: { slots: [3, 4, 5] }, c: { slots: [] } });
  const next = (now: Node[]) =>
    shown(nextMoves({ before: halves, after: thirds }, { nodes: now, holds: new Map() }, 64));
  expect(next(first)).toEqual(['2 a→c']);
  const moving = [{ slot: 5, from: 'b' }];
  expect(next(nodes({ a: { slots: [0, 1, 2] }, b: { slots: [3, 4, 5] }, c: { slots: [], moving } }))).toEqual([
    '5 b→c, half moved',
  ]);
  expect(next(nodes({ a: { slots: [0, 1] }, b: { slots: [3, 4, 5] }, c: { slots: [2] } }))).toEqual(['5 b→c']);
});

test('at most so many from each master', () => {
  const wide = [
    { ids: ['a'], slots: rangesOf(Array.from({ length: 8000 }, (_, slot) => slot)) },
    { ids: ['b'], slots: rangesOf(Array.from({ length: 8384 }, (_, slot) => 8000 + slot)) },
    { ids: ['c'], slots: [] },
  ];
  const told = Object.fromEntries(
    wide.map(({ ids: [id], slots }) => [
      id!,
      {
        slots: slots.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index)),
      },
    ]),
  );
  const next = nextMoves(
    { before: wide, after: balanced(wide, () => true) },
    { nodes: nodes(told), holds: new Map() },
    10,
  );
  // The third has no slot yet: it gets its first ones from one of them.
  expect(shown(next)).toHaveLength(10);
  const some = nodes({ ...told, c: { slots: [16_383] }, b: { slots: told['b']!.slots.slice(0, -1) } });
  const then = nextMoves({ before: wide, after: balanced(wide, () => true) }, { nodes: some, holds: new Map() }, 10);
  expect(shown(then)).toHaveLength(20);
});
