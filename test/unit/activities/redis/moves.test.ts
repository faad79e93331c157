/** What is to be done next with slots on their way, as tables: whatever state a dead worker or a failover has left. */
import { balanced } from '../../../../activities/redis/cluster/balance';
import type { Situation } from '../../../../activities/redis/cluster/situation';
import type { Node } from '../../../../activities/redis/cluster/nodes';
import { rangesOf } from '../../../../activities/redis/cluster/slots';
import { after, before, nodes, plan, replicas, tail, type Told, told } from './slot-situations';

const keysOf = (slots: Record<string, number[]>) =>
  new Map(Object.entries({ a2: [], b2: [], ...slots }).map(([id, some]) => [id, new Set(some)]));
const holds = (id: string, ...slots: number[]) => keysOf({ [id]: slots });

test.each<[string, Record<string, Told>, Partial<Situation>, string[]]>([
  ['nothing is moved yet', { a: { slots: [0, 1] }, b: { slots: tail } }, {}, ['0 a→b', '1 a→b']],
  ['all is moved', { a: { slots: [] }, b: { slots: [0, 1, ...tail] } }, {}, ['done']],
  [
    'all is moved, and the old master came back from the dead after that: it does not stay alone',
    { a: { slots: [] }, a2: { slots: [], epoch: 3 }, b: { slots: [0, 1, ...tail] } },
    {},
    ['a follows a2'],
  ],
  [
    'the same, while a node does not answer',
    { a: { slots: [] }, a2: { slots: [], epoch: 3 }, b: { slots: [0, 1, ...tail] } },
    { trouble: 'pod-b2 is silent' },
    ['wait: pod-b2 is silent'],
  ],
  [
    'the new master was replaced, and is back without slots',
    { a: { slots: [] }, b: { slots: [] }, b2: { slots: [0, 1, ...tail], epoch: 3 } },
    {},
    ['b follows b2'],
  ],
  [
    'the new master was replaced, is back, and does not know it yet',
    { a: { slots: [] }, b: { slots: tail }, b2: { slots: [0, 1, ...tail], epoch: 3 } },
    {},
    ['wait: pod-b does not know yet that pod-b2 has replaced it'],
  ],
  [
    'the new master was replaced, and is back with keys that were coming to it: they may be nowhere else',
    { a: { slots: [] }, b: { slots: [], keys: 3 }, b2: { slots: [0, 1, ...tail], epoch: 3 } },
    {},
    [
      "refuse: pod-b, which pod-b2 has replaced, holds 3 keys of slots that are not its own: compare them with pod-b2's, then delete them there",
    ],
  ],
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
    ['wait: no pod of the shard of node a is a master'],
  ],
  [
    'nobody has it: who holds its keys gets it',
    { a: { slots: [1] }, b: { slots: tail } },
    { holds: keysOf({ a: [0], b: [] }) },
    ["a hears that 0 is a's, from b"],
  ],
  [
    'nobody has it, and nobody holds keys of it: who is to have it gets it',
    { a: { slots: [1] }, b: { slots: tail } },
    { holds: keysOf({ a: [], b: [] }) },
    ["b hears that 0 is b's, from a"],
  ],
  [
    'nobody has it, and both hold keys of it',
    { a: { slots: [1] }, b: { slots: tail } },
    { holds: keysOf({ a: [0], b: [0] }) },
    [
      'refuse: slot 0 has no master, and both pod-a (a) and pod-b (b) hold keys of it: at the one whose keys are to stay, CLUSTER SETSLOT 0 IMPORTING with the id of the other, then CLUSTER SETSLOT 0 NODE with its own, then retry: they replace those of the same name at the other',
    ],
  ],
  [
    'nobody has it, and a replica of one that lost it holds its keys',
    { a: { slots: [1] }, b: { slots: tail } },
    { holds: keysOf({ a: [], b: [], b2: [0] }) },
    [
      'refuse: slot 0 has no master, and pod-b2, a replica, holds keys of it that its master does not: make it the master (CLUSTER FAILOVER there), then retry',
    ],
  ],
  [
    'nobody has it, and a replica that is behind holds keys of it',
    { a: { slots: [1] }, b: { slots: tail }, b2: { slots: [], master: 'b', linkUp: false } },
    { holds: keysOf({ a: [], b: [], b2: [0] }) },
    ['wait: slot 0 has no master, and pod-b2 is not in sync with its master'],
  ],
  [
    'nobody has it, and a replica has not been asked for its keys',
    { a: { slots: [1] }, b: { slots: tail } },
    {
      holds: new Map([
        ['a', new Set()],
        ['b', new Set()],
      ]),
    },
    ['wait: slot 0 has no master'],
  ],
  [
    'both have it, by one epoch: one of the two is about to take a newer one',
    { a: { slots: [0, 1], epoch: 3 }, b: { slots: [0, ...tail], epoch: 3 } },
    {},
    ['wait: both pod-a and pod-b have slot 0, by the same epoch'],
  ],
  [
    'nobody had it when each was read for the first time, which was not at one moment',
    { a: { slots: [1] }, b: { slots: tail } },
    { holds: keysOf({ a: [], b: [] }), unowned: new Set() },
    ['wait: slot 0 has no master'],
  ],
  [
    'given away, and marked as coming to one that has no key of it: the other holds them',
    { a: { slots: [1] }, b: { slots: tail, moving: [{ slot: 0, from: 'a' }] } },
    { holds: keysOf({ a: [0], b: [] }) },
    ["a hears that 0 is a's, from b"],
  ],
  [
    'nobody has it, while another is half moved: that is finished first, and nothing is begun',
    { a: { slots: [1], moving: [{ slot: 1, to: 'b' }] }, b: { slots: tail } },
    { unowned: new Set() },
    ['1 a→b, half moved'],
  ],
  [
    'nobody has it, and of another a master has not been told that it is gone: that first, for it may claim it anew',
    { a: { slots: [1] }, b: { slots: [1, ...tail], epoch: 5 } },
    { holds: keysOf({ a: [0], b: [] }) },
    ["a hears that 1 is b's"],
  ],
  [
    'nobody has it, and nobody has been asked for its keys',
    { a: { slots: [1] }, b: { slots: tail } },
    {},
    ['wait: slot 0 has no master'],
  ],
  [
    'nobody that answers has it',
    { a: { slots: [1] }, b: { slots: tail } },
    { holds: keysOf({ a: [], b: [] }), trouble: 'pod-b2 is silent' },
    ['wait: slot 0 has no master: pod-b2 is silent'],
  ],
  [
    'nobody has it, while the cluster is down for want of it',
    { a: { slots: [1] }, b: { slots: tail } },
    { holds: keysOf({ a: [], b: [] }), isWhole: true, trouble: 'cluster_state of pod-a is fail' },
    ["b hears that 0 is b's, from a"],
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
  [
    'a slot that was to move is on its way to a third master: its keys may be there',
    { a: { slots: [0, 1], moving: [{ slot: 0, to: 'c' }] }, b: { slots: tail }, c: { slots: [] } },
    {},
    ['drift: slot 0 is being moved by somebody else'],
  ],
  [
    'a mark of somebody else that died is left where a slot has arrived',
    { a: { slots: [1] }, b: { slots: [0, ...tail], moving: [{ slot: 0, from: 'c' }] }, c: { slots: [] } },
    {},
    ['drift: slot 0 is being moved by somebody else'],
  ],
])('%s', (_name, seen, more, expected) => {
  const all = nodes({ ...replicas, ...seen });
  expect(told(plan, all, more)).toEqual(expected);
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
  expect(told(plan, all)).toEqual(["b hears that 1 is a2's"]);
});

test('on the way back what is half moved is finished first, then all goes back', () => {
  const back = { before: after, after: before };
  const half = nodes({ a: { slots: [0, 1], moving: [{ slot: 1, to: 'b' }] }, b: { slots: tail }, ...replicas });
  expect(told(back, half)).toEqual(['1 a→b, half moved']);
  const there = nodes({ a: { slots: [0] }, b: { slots: [1, ...tail] }, ...replicas });
  expect(told(back, there)).toEqual(['1 b→a']);
});

/** One slot of each goes to the next one. */
const ring = {
  before: [
    { ids: ['a', 'a2'], slots: rangesOf([0, 1]) },
    { ids: ['b', 'b2'], slots: rangesOf([2, 3]) },
    { ids: ['c'], slots: rangesOf([4, 5]) },
  ],
  after: [
    { ids: ['a', 'a2'], slots: rangesOf([0, 5]) },
    { ids: ['b', 'b2'], slots: rangesOf([1, 2]) },
    { ids: ['c'], slots: rangesOf([3, 4]) },
  ],
};
const ringNodes = (more: Record<string, Partial<Told>> = {}) =>
  nodes({
    a: { slots: [0, 1], ...more['a'] },
    b: { slots: [2, 3], ...more['b'] },
    c: { slots: [4, 5], ...more['c'] },
    ...replicas,
  });

/** What one has heard of another's epoch. */
function heard(all: Node[], id: string, of: string, epoch: number): void {
  const { view } = all.find((node) => node.view.id === id)!;
  view.known = view.known.map((line) => (line.id === of ? { ...line, epoch } : line));
}

test('in one round a master gives slots or gets them: what is half moved first', () => {
  expect(told(ring, ringNodes())).toEqual(['1 a→b']);
  expect(told(ring, ringNodes({ b: { moving: [{ slot: 3, to: 'c' }] } }))).toEqual(['3 b→c, half moved']);
  expect(told(ring, ringNodes({ c: { moving: [{ slot: 5, to: 'a' }] } }))).toEqual(['5 c→a, half moved']);
});

test('nothing is given to a master that gives slots by itself', () => {
  const migrations = [{ name: 'a job', to: 'b', slots: rangesOf([1]), state: 'running' as const, message: '' }];
  const all = ringNodes({ a: { migrations }, c: { moving: [{ slot: 5, to: 'a' }] } });
  expect(told(ring, all)).toEqual(['wait: servers are moving slots by themselves']);
});

test('who is to claim a slot, and must wait, gives none meanwhile', () => {
  const moving = [
    { slot: 1, from: 'a' },
    { slot: 3, to: 'c' },
  ];
  const all = ringNodes({ a: { slots: [0] }, b: { moving } });
  heard(all, 'b', 'a', 0);
  expect(told(ring, all)).toEqual(['wait: pod-b has not heard of the epoch 1 of pod-a yet']);
});

test('a half moved slot that must wait keeps its two from the other role', () => {
  const all = ringNodes({ b: { moving: [{ slot: 3, to: 'c' }] } });
  heard(all, 'c', 'b', 1);
  expect(told(ring, all)).toEqual(['wait: pod-c has not heard of the epoch 2 of pod-b yet']);
});

test.each<[string, number, (all: Node[]) => void, string[]]>([
  ['the giver', 7, (all) => heard(all, 'b', 'a', 6), ['wait: pod-b has not heard of the epoch 7 of pod-a yet']],
  ['a third one', 7, (all) => heard(all, 'b', 'c', 3), ['wait: pod-b has not heard of the epoch 4 of pod-c yet']],
  ['nobody', 7, () => undefined, ['1 a→b']],
])('who claims has heard of every epoch: not of that of %s', (_name, epoch, change, expected) => {
  const all = ringNodes({ a: { epoch } });
  change(all);
  expect(told(ring, all)).toEqual(expected);
});

test('a giver whose epoch another master has too waits for one of the two to take a newer one; one that it does not know has no say', () => {
  const all = ringNodes({ a: { epoch: 4 } });
  expect(told(ring, all)).toEqual(['wait: pod-a and pod-c have the same epoch, 4']);
  const { view } = all[0]!;
  view.known = view.known.filter(({ id }) => id !== 'c');
  expect(told(ring, all)).toEqual(['1 a→b']);
});

test('a slot that nobody has goes back to the giver where the other is without slots, and so without functions', () => {
  const alone = {
    before: [
      { ids: ['a', 'a2'], slots: rangesOf([0, 1]) },
      { ids: ['b', 'b2'], slots: [] },
    ],
    after: [
      { ids: ['a', 'a2'], slots: rangesOf([1]) },
      { ids: ['b', 'b2'], slots: rangesOf([0]) },
    ],
  };
  const nobody = nodes({ a: { slots: [1] }, b: { slots: [] }, ...replicas });
  expect(told(alone, nobody, { holds: keysOf({ a: [], b: [] }) })).toEqual(["a hears that 0 is a's, from b"]);
  // Nor does Redis hold an election for one without slots.
  expect(told(alone, nobody, { holds: keysOf({ a: [], b: [], b2: [0] }) })[0]).toMatch(
    /\(CLUSTER FAILOVER TAKEOVER there\)/,
  );
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
  const next = (now: Node[]) => told({ before: halves, after: thirds }, now);
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
  const owned = Object.fromEntries(
    wide.map(({ ids: [id], slots }) => [
      id!,
      {
        slots: slots.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index)),
      },
    ]),
  );
  const way = { before: wide, after: balanced(wide, () => true) };
  // The third has no slot yet: it gets its first ones from one of them.
  expect(told(way, nodes(owned), {}, 10)).toHaveLength(10);
  const some = nodes({ ...owned, c: { slots: [16_383] }, b: { slots: owned['b']!.slots.slice(0, -1) } });
  expect(told(way, some, {}, 10)).toHaveLength(20);
});
