/**
 * Goal: the demo fails where anything that it claims does not hold.
 * Method: evidence in which all holds, and one thing wrong at a time.
 */
import type { Report } from '../../catalogue';
import { scenarioOf, wanted } from '../../lab/demo/scenarios';
import { complaints, type Evidence } from '../../lab/demo/verdict';
import type { TrafficReport } from '../../lab/traffic/traffic';

const old = { name: 'db', sku: 'Standard_D4ds_v4', storageGb: 256, maxConnections: 1718, sharedBuffers: '64MB' };
const upgraded = { ...old, ...wanted, maxConnections: 3437, sharedBuffers: '128MB' };
const change = { server: 'db', sku: wanted.sku };
const clients = { requests: 50, failedRequests: 2, longestStallSeconds: 1, unmeasuredSeconds: 0 };
const report = {
  outcome: 'Succeeded',
  summary: '',
  clients,
  clientBudget: { failedRequests: 200, longestStallSeconds: 60 },
} as Report;
const traffic = { acknowledged: 100, lost: 0, duplicated: 0 } as TrafficReport;
const sound: Evidence = {
  ...{ report, traffic, url: '', before: [old], after: [upgraded], skuChanges: [change], idleFaults: [] },
};
const rolledBack: Evidence = { ...sound, report: { ...report, outcome: 'RolledBack' }, after: [old] };

test.each<[string, string | undefined, Evidence]>([
  ['an upgrade', undefined, sound],
  ['a rollback', 'upgrade-fails', rolledBack],
])('%s as it should be is no reason to complain', (_what, fault, evidence) => {
  expect(complaints(scenarioOf(fault), wanted, evidence)).toEqual([]);
});

test.each<[string, string | undefined, Evidence, RegExp]>([
  ['another outcome', undefined, rolledBack, /ended as RolledBack, not as Succeeded/],
  ['a success under a fault that must fail it', 'upgrade-fails', sound, /ended as Succeeded, not as RolledBack/],
  ['the old size after a success', undefined, { ...sound, after: [old] }, /^db is D4ds_v4/],
  ['SQL on the old size', undefined, { ...sound, after: [{ ...upgraded, maxConnections: 1718 }] }, /^db is D8ds_v4/],
  ['the new size after a rollback', 'upgrade-fails', { ...rolledBack, after: [upgraded] }, /was D4ds_v4.* before$/],
  ['a second accepted change', undefined, { ...sound, skuChanges: [change, change] }, /accepted 2 changes of db/],
  ['no change', undefined, { ...sound, skuChanges: [] }, /never accepted a change of db/],
  ['a lost row', undefined, { ...sound, traffic: { ...traffic, lost: 1 } }, /1 acknowledged rows .* lost/],
  ['a row twice', undefined, { ...sound, traffic: { ...traffic, duplicated: 1 } }, /1 rows .* more than once/],
  ['no traffic', undefined, { ...sound, traffic: { ...traffic, acknowledged: 0 } }, /no row/],
  [
    'an exceeded budget',
    undefined,
    { ...sound, report: { ...report, clients: { ...clients, failedRequests: 201 } } },
    /budget/,
  ],
  ['a fault without effect', undefined, { ...sound, idleFaults: ['throttle'] }, /"throttle" never struck/],
])('%s fails the demo', (_what, fault, evidence, complaint) => {
  expect(complaints(scenarioOf(fault), wanted, evidence)).toContainEqual(expect.stringMatching(complaint));
});
