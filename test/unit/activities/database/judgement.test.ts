/** Does a server run as asked? One row a thing that can be wrong. */
import { bytesOf, judgeCompute, type ComputeReading } from '../../../../activities/database/judgement';
import { newestAutomatic } from '../../../../activities/database/inspection';

const MiB = 1024 ** 2;
const wanted = { sku: 'Standard_D8ds_v4', tier: 'GeneralPurpose', parameters: { max_connections: '3437' } };
const since = {
  compute: { sku: 'Standard_D4ds_v4', tier: 'GeneralPurpose', parameters: { max_connections: '1718' } },
  startedAt: '2026-01-01T04:00:00.000Z',
  sharedBuffersBytes: 64 * MiB,
};

function reading(): ComputeReading {
  return {
    server: {
      ...{ name: 'db', id: '/x', location: 'eastus', sku: 'Standard_D8ds_v4', tier: 'GeneralPurpose', storageGb: 256 },
      ...{ state: 'Ready', role: 'Primary', highAvailability: 'Disabled', version: '17', host: 'db.example', tags: {} },
    },
    parameters: [
      { name: 'max_connections', value: '3437', defaultValue: '3437', source: 'user-override', pendingRestart: false },
      {
        name: 'shared_buffers',
        value: '16384',
        defaultValue: '16384',
        unit: '8KB',
        source: 'system-default',
        pendingRestart: false,
      },
    ],
    running: {
      ...{
        startedAt: '2026-01-01T04:12:10.123Z',
        inRecovery: false,
        maxConnections: 3437,
        sharedBuffersBytes: 128 * MiB,
      },
      settings: { max_connections: '3437', shared_buffers: '16384' },
    },
    offers: [
      { sku: 'Standard_D4ds_v4', tier: 'GeneralPurpose', vCores: 4, memoryGb: 16 },
      { sku: 'Standard_D8ds_v4', tier: 'GeneralPurpose', vCores: 8, memoryGb: 32 },
    ],
  };
}

test('a server that runs as asked: the evidence is one line', () => {
  expect(judgeCompute(wanted, reading(), since)).toEqual({
    open: [],
    evidence: 'ARM Ready + D8ds_v4; SQL 3437 connections, shared_buffers 128 MB (was 64 MB), restarted 04:12:10Z',
  });
});

const streaming = { inRecovery: true, streaming: true, replayPause: 'not paused', replayLagBytes: 0 };

const wrong: [string, (reading: ComputeReading) => void, RegExp][] = [
  ['ARM is not Ready', (r) => (r.server.state = 'Updating'), /ARM says Updating, not Ready/],
  [
    'ARM shows another size',
    (r) => (r.server.sku = 'Standard_D4ds_v4'),
    /Standard_D4ds_v4, not GeneralPurpose Standard_D8ds_v4/,
  ],
  ['ARM shows another value', (r) => (r.parameters[0]!.value = '1718'), /ARM's max_connections is 1718, not 3437/],
  ['the value waits for a restart', (r) => (r.parameters[0]!.pendingRestart = true), /still waits for a restart/],
  [
    'the server runs with another value',
    (r) => (r.running.settings.max_connections = '1718'),
    /runs with max_connections 1718/,
  ],
  ['the server did not restart', (r) => (r.running.startedAt = since.startedAt), /not restarted since/],
  [
    "memory is not what ARM's configuration says",
    (r) => (r.running.sharedBuffersBytes = 64 * MiB),
    /64 MB, ARM says 128 MB/,
  ],
  [
    "memory is the other size's although ARM shows the right one (an operation that failed half-way)",
    (r) => {
      r.running.sharedBuffersBytes = 64 * MiB;
      r.parameters[1]!.value = '8192';
    },
    /runs with shared_buffers 64 MB, ARM says 128 MB/,
  ],
  [
    "memory did not follow the sizes' ratio",
    (r) => {
      r.running.sharedBuffersBytes = 64 * MiB;
      r.parameters[1]!.defaultValue = '8192';
    },
    /should be 128 MB/,
  ],
  ['a replica was promoted', (r) => (r.replica = { ...streaming, inRecovery: false }), /not in recovery/],
  [
    'a replica of the primary does not stream again yet',
    (r) => (r.followers = [{ name: 'one', state: { ...streaming, streaming: false } }]),
    /replica one: its WAL receiver is not streaming/,
  ],
  ['a replica does not stream', (r) => (r.replica = { ...streaming, streaming: false }), /not streaming/],
  [
    'replay is paused although it streams',
    (r) => (r.replica = { ...streaming, replayPause: 'paused' }),
    /replay is paused/,
  ],
  [
    'a replica lags',
    (r) => (r.replica = { ...streaming, replayLagBytes: 1024 ** 2 + 1 }),
    /1048577 B of WAL to replay/,
  ],
];

test.each(wrong)('%s', (_what, spoil, said) => {
  const given = reading();
  spoil(given);
  expect(judgeCompute(wanted, given, since).open.join('; ')).toMatch(said);
});

test('memory that somebody set by hand need not follow the size', () => {
  const given = reading();
  given.running.sharedBuffersBytes = 64 * MiB;
  Object.assign(given.parameters[1]!, { value: '8192', source: 'user-override' });
  expect(judgeCompute(wanted, given, since).open).toEqual([]);
});

test('a replica in service: its lag is part of the evidence', () => {
  expect(judgeCompute(wanted, { ...reading(), replica: streaming }, since).evidence).toMatch(/; lag 0 B$/);
});

test.each([
  ['524288', '8KB', 4 * 1024 * MiB],
  ['64', 'MB', 64 * MiB],
  ['10', 'KB', 10_240],
  ['10', 's', undefined],
  ['10', undefined, undefined],
])('%s of %s', (value, unit, bytes) => {
  expect(bytesOf(value, unit)).toBe(bytes);
});

test('only automatic backups count, the newest of them', () => {
  const backups = [
    { completedAt: '2026-01-01T00:00:00Z', automatic: true },
    { completedAt: '2026-01-02T00:00:00Z', automatic: true },
    { completedAt: '2026-01-02T11:00:00Z', automatic: false },
  ];
  const now = Date.parse('2026-01-02T12:00:00Z');
  expect(newestAutomatic(backups, {}, now)).toEqual({ newestCompletedAt: '2026-01-02T00:00:00Z', newestAgeHours: 12 });
  expect(newestAutomatic([], { earliestRestoreDate: '2026-01-01T00:00:00Z' }, now)).toEqual({
    earliestRestoreDate: '2026-01-01T00:00:00Z',
  });
});
