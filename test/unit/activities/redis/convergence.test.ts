/** What is decided for a cluster that is half made, as tables, and as a property over a model of Redis' own rules. */
import fc from 'fast-check';
import { type Action, decide, joins } from '../../../../activities/redis/cluster/convergence';
import { rangesOf, slotCount } from '../../../../activities/redis/cluster/slots';
import type { SlotMigration } from '../../../../activities/redis/cluster/view';
import { Model, modelState } from './cluster-model';

const empty = (count = 6) => new Model(count);

const told = (actions: Action[]) =>
  actions.map((action) =>
    action.kind === 'meet'
      ? `${action.at.ordinal} meets ${action.other.ordinal}`
      : action.kind === 'addSlots'
        ? `${action.at.ordinal} takes ${action.slots.map((range) => range.join('-')).join()}`
        : `${action.at.ordinal} follows ${action.master}`,
  );

/** Everybody knows everybody; three masters, three replicas. */
function good(): Model {
  const model = empty();
  model.meetAll();
  model.claim(0, 0, 5460);
  model.claim(1, 5461, 10_921);
  model.claim(2, 10_922, 16_383);
  for (const [replica, master] of [
    [3, 1],
    [4, 2],
    [5, 0],
  ] as const)
    model.nodes[replica]!.master = master;
  return model;
}

const changed = (model: Model, change: (model: Model) => void): Model => {
  change(model);
  return model;
};

const migration = (state: SlotMigration['state']): SlotMigration => ({
  ...{ name: 'a job', to: 'node-1', slots: [[0, 9]], state, message: '' },
});

test('of empty nodes all meet, and three take a third of the slots each', () => {
  const decision = decide(empty().seen(), { replicasPerMaster: 1 });
  expect(decision.answer).toBe('act');
  const actions = told((decision as { actions: Action[] }).actions);
  expect(actions).toHaveLength(15 + 3);
  expect(actions.slice(15)).toEqual(['0 takes 0-5460', '1 takes 5461-10921', '2 takes 10922-16383']);
});

test('masters first where another machine is added', () => {
  const model = empty();
  const machines = ['a', 'a', 'b', 'b', 'c', 'c'];
  const decision = decide(model.seen(machines), { replicasPerMaster: 1 });
  const actions = told((decision as { actions: Action[] }).actions);
  expect(actions.slice(15).map((text) => text.split(' ')[0])).toEqual(['0', '2', '4']);
});

test.each<[string, Model, string[]]>([
  [
    'replicas follow masters on other machines',
    changed(good(), ({ nodes }) => [3, 4, 5].forEach((ordinal) => (nodes[ordinal]!.master = undefined))),
    ['3 follows node-1', '4 follows node-2', '5 follows node-0'],
  ],
  ['one that is missing a slot', changed(good(), ({ nodes }) => nodes[1]!.slots.delete(6000)), ['1 takes 6000-6000']],
  [
    'one replica too many goes where one is missing',
    changed(good(), ({ nodes }) => (nodes[4]!.master = 1)),
    ['4 follows node-2'],
  ],
  [
    'a node that came back under another address is met',
    changed(good(), (model) => model.move(3)),
    ['0 meets 3', '1 meets 3', '2 meets 3', '4 meets 3', '5 meets 3'],
  ],
])('%s', (_name, model, expected) => {
  const decision = decide(model.seen(), { replicasPerMaster: 1 });
  expect(decision.answer === 'act' ? told(decision.actions) : decision).toEqual(expected);
});

test.each<[string, Model, boolean]>([
  ['empty nodes', empty(), true],
  [
    'nodes that are all back under other addresses',
    changed(good(), (model) => [0, 1, 2].forEach((one) => model.move(one))),
    false,
  ],
  ['a node that has forgotten everything', changed(good(), ({ nodes }) => (nodes[3] = empty().nodes[3]!)), true],
  ['slots that nobody has', changed(good(), ({ nodes }) => nodes[1]!.slots.delete(6000)), true],
  ['a replica that has lost its master', changed(good(), ({ nodes }) => (nodes[4]!.master = undefined)), false],
])('%s: whether nodes are joined for good', (_name, model, expected) => {
  const seen = model.seen();
  const decision = decide(seen, { replicasPerMaster: 1 });
  expect(decision.answer === 'act' && joins(decision.actions, seen)).toBe(expected);
});

test.each<[string, Model, object]>([
  ['a good cluster is formed', good(), { answer: 'formed' }],
  [
    'a link that is down is waited for',
    changed(good(), ({ nodes }) => (nodes[3]!.linkUp = false)),
    { answer: 'wait', reason: 'master_link_status of redis-cluster-3 is down' },
  ],
  [
    'a node that does not answer is waited for, whatever else is missing',
    changed(empty(), ({ nodes }) => (nodes[2]!.silent = 'ECONNREFUSED')),
    { answer: 'wait', reason: 'redis-cluster-2 does not say what it sees: ECONNREFUSED' },
  ],
  [
    'keys without slots',
    changed(empty(), ({ nodes }) => (nodes[4]!.keys = 7)),
    { answer: 'refuse', code: 'ForeignKeys' },
  ],
  [
    'keys of a replica whose master has no slots',
    changed(empty(), ({ nodes }) => Object.assign(nodes[4]!, { keys: 7, master: 0 })),
    { answer: 'refuse', code: 'ForeignKeys' },
  ],
  [
    'a slot that is on its way',
    changed(good(), ({ nodes }) => (nodes[0]!.moving = [{ slot: 12, to: 'node-1' }])),
    { answer: 'refuse', code: 'SlotsMoving' },
  ],
  [
    'slots that a server is moving by itself',
    changed(good(), ({ nodes }) => (nodes[0]!.migrations = [migration('running')])),
    { answer: 'refuse', code: 'SlotsMoving' },
  ],
  [
    'slots that a server has moved by itself',
    changed(good(), ({ nodes }) => (nodes[0]!.migrations = [migration('success')])),
    { answer: 'formed' },
  ],
  [
    'a node of another cluster',
    changed(empty(), ({ nodes }) => (nodes[0]!.strangers = [{ flags: ['master'], connected: true, slots: [] }])),
    { answer: 'refuse', code: 'NodesOfAnotherCluster' },
  ],
  [
    'a node that is gone, and had nothing',
    changed(good(), ({ nodes }) => (nodes[0]!.strangers = [{ flags: ['slave', 'fail'], connected: false, slots: [] }])),
    { answer: 'formed' },
  ],
  [
    'a node that is gone with slots that nobody else has',
    changed(good(), ({ nodes }) => {
      nodes[2]!.slots.clear();
      nodes[2]!.slots.add(16_383);
      nodes[0]!.strangers = [{ flags: ['master', 'fail'], connected: false, slots: [[10_922, 16_382]] }];
    }),
    { answer: 'refuse', code: 'SlotsOfAbsentNode' },
  ],
  [
    'somebody who is asked and has not answered',
    changed(empty(), ({ nodes }) => (nodes[0]!.strangers = [{ flags: ['handshake'], connected: true, slots: [] }])),
    { answer: 'wait' },
  ],
  [
    'two claims of nodes that have never met',
    changed(empty(), (model) => [0, 1].forEach((ordinal) => model.claim(ordinal, 0, 10))),
    { answer: 'refuse', code: 'SplitConfiguration' },
  ],
  [
    'two claims of nodes that know each other are settled by Redis',
    changed(good(), (model) => model.claim(5, 0, 5460, { master: undefined })),
    { answer: 'wait', reason: 'redis-cluster-0 and redis-cluster-5 claim the same slots' },
  ],
  [
    'more masters than leave a replica for each',
    changed(empty(), (model) => [0, 1, 2, 3].forEach((ordinal) => model.claim(ordinal, ordinal, ordinal))),
    { answer: 'refuse', code: 'MastersDiffer' },
  ],
  [
    'all slots with one',
    changed(empty(), (model) => model.claim(0, 0, slotCount - 1)),
    { answer: 'refuse', code: 'MastersDiffer' },
  ],
  [
    'no cluster mode',
    changed(empty(), ({ nodes }) => (nodes[0]!.clusterEnabled = false)),
    { answer: 'refuse', code: 'ClusterModeOff' },
  ],
])('%s', (_name, model, expected) => {
  expect(decide(model.seen(), { replicasPerMaster: 1 })).toMatchObject(expected);
});

test('whatever was begun: it ends as one good cluster, or is refused before anything was done', () => {
  fc.assert(
    fc.property(modelState, fc.infiniteStream(fc.nat(99)), (state, chance) => {
      const model = Model.of(state);
      const kept = model.keys();
      const dice = chance[Symbol.iterator]();
      for (let round = 0; round < 60; round++) {
        const decision = decide(model.seen(), { replicasPerMaster: 1 });
        if (decision.answer === 'formed') {
          expect(model.faults()).toEqual([]);
          expect(model.keys()).toEqual(kept);
          return;
        }
        if (decision.answer === 'refuse') {
          expect([decision, model.performed]).toEqual([decision, 0]);
          return;
        }
        // Any part of what was decided is done before the next one looks: workers die, nodes refuse.
        if (decision.answer === 'act') {
          const rest = decision.actions.filter(() => dice.next().value < 50);
          for (const action of rest) model.perform(action);
        }
        if (dice.next().value < 50) model.gossip();
      }
      throw new Error(`not formed: ${JSON.stringify(decide(model.seen(), { replicasPerMaster: 1 })).slice(0, 300)}`);
    }),
    { numRuns: 100 },
  );
});

test('slots as ranges', () => {
  expect(rangesOf([0, 1, 2, 5, 7, 8])).toEqual([
    [0, 2],
    [5, 5],
    [7, 8],
  ]);
});
