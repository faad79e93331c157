/** What servers say of moving slots by themselves, read into plain data. */
import { offersNative, slotMigrationsOf } from '../../../../activities/redis/cluster/native';

const known = ['cluster|migrateslots', -4, ['admin']];

test.each<[string, unknown, boolean]>([
  ['Valkey 9', [known, known, known], true],
  ['Redis 7', [null, null, null], false],
  ['one of the commands is missing', [known, known, null], false],
  ['Redis 6, which does not know subcommands', [], false],
  ['nothing', undefined, false],
])('COMMAND INFO: %s', (_name, answer, expected) => expect(offersNative(answer)).toBe(expected));

describe('CLUSTER GETSLOTMIGRATIONS', () => {
  const fields = { name: 'n', operation: 'EXPORT', slot_ranges: '0-10 12-12', target_node: 't', message: '' };
  const entry = (more: object) => Object.entries({ ...fields, state: 'success', create_time: 1, ...more });
  const told = { name: 'n', to: 't', slots: [[0, 10], [12, 12]], message: '' }; // prettier-ignore

  test.each<[string, unknown[], unknown[]]>([
    ['a list of names and values', [entry({}).flat()], [{ ...told, state: 'success' }]],
    ['a map', [new Map(entry({}))], [{ ...told, state: 'success' }]],
    ['an object', [Object.fromEntries(entry({}))], [{ ...told, state: 'success' }]],
    ['snapshotting', [entry({ state: 'snapshotting' }).flat()], [{ ...told, state: 'running' }]],
    ['cancelled', [entry({ state: 'cancelled' }).flat()], [{ ...told, state: 'cancelled' }]],
    [
      'failed',
      [entry({ state: 'failed', message: 'the target is gone' }).flat()],
      [{ ...told, state: 'failed', message: 'the target is gone' }],
    ],
    ['what comes to the node', [entry({ operation: 'IMPORT' }).flat()], []],
    ['none', [], []],
  ])('%s', (_name, answer, expected) => expect(slotMigrationsOf(answer)).toEqual(expected));
});
