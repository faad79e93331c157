/** Whether what happened is what the demo claims. Pure. */
import type { Report } from '../../catalogue';
import type { TrafficReport } from '../traffic/traffic';
import type { Observed, SkuChange } from './observation';
import type { Scenario } from './scenarios';

/** All that the demo saw. */
export interface Evidence {
  report: Report;
  url: string;
  /** The servers before the run and after it. */
  before: Observed[];
  after: Observed[];
  traffic: TrafficReport;
  skuChanges: SkuChange[];
  /** Names of faults that are armed and have done nothing. */
  idleFaults: string[];
}

export interface Wanted {
  sku: string;
  storageGb: number;
}

/** Every claim that does not hold, in a line each; none when all is as it should be. */
export function complaints(scenario: Scenario, wanted: Wanted, evidence: Evidence): string[] {
  return [
    ...outcomeComplaints(scenario, evidence),
    ...evidence.idleFaults.map((name) => `the fault "${name}" never struck, so nothing was shown`),
    ...evidence.after.flatMap((server, index) => serverComplaints(evidence, wanted, server, evidence.before[index]!)),
    ...changeComplaints(evidence, wanted),
    ...clientComplaints(evidence),
  ];
}

function outcomeComplaints({ outcome }: Scenario, { report }: Evidence): string[] {
  return report.outcome === outcome ? [] : [`the run ended as ${report.outcome}, not as ${outcome}: ${report.summary}`];
}

/** The new size after a success, the old one after anything else, by Azure and by SQL. */
function serverComplaints({ report }: Evidence, wanted: Wanted, now: Observed, before: Observed): string[] {
  if (report.outcome !== 'Succeeded') {
    return JSON.stringify(now) === JSON.stringify(before)
      ? []
      : [`${now.name} is ${describe(now)}, and was ${describe(before)} before`];
  }
  const isNew = now.sku === wanted.sku && now.storageGb === wanted.storageGb;
  const grew = now.maxConnections > before.maxConnections && now.sharedBuffers !== before.sharedBuffers;
  return isNew && grew ? [] : [`${now.name} is ${describe(now)}, not ${wanted.sku} with ${wanted.storageGb} GiB`];
}

/** Each server was sent to each size at most once, and after a success to the new one exactly once. */
function changeComplaints({ report, skuChanges, after }: Evidence, { sku }: Wanted): string[] {
  const twice = countChanges(skuChanges).filter(({ times }) => times > 1);
  const never = after.filter(({ name }) => !skuChanges.some((change) => change.server === name && change.sku === sku));
  return [
    ...twice.map((change) => `Azure accepted ${change.times} changes of ${change.server} to ${change.sku}, not one`),
    ...(report.outcome === 'Succeeded' ? never.map(({ name }) => `Azure never accepted a change of ${name}`) : []),
  ];
}

function clientComplaints({ report, traffic }: Evidence): string[] {
  const { clients, clientBudget: budget } = report;
  const over =
    clients &&
    budget &&
    (clients.failedRequests > budget.failedRequests || clients.longestStallSeconds > budget.longestStallSeconds);
  return [
    ...(over ? ['clients noticed more than the budget allows'] : []),
    ...(traffic.acknowledged === 0 ? ['the ledger has no row'] : []),
    ...(traffic.lost > 0 ? [`${traffic.lost} acknowledged rows of the ledger are lost`] : []),
    ...(traffic.duplicated > 0 ? [`${traffic.duplicated} rows of the ledger are there more than once`] : []),
  ];
}

export function countChanges(changes: readonly SkuChange[]): (SkuChange & { times: number })[] {
  const counts = new Map<string, SkuChange & { times: number }>();
  for (const change of changes) {
    const key = `${change.server} ${change.sku}`;
    counts.set(key, { ...change, times: (counts.get(key)?.times ?? 0) + 1 });
  }
  return [...counts.values()];
}

/** "D8ds_v4, 512 GiB, 3437 connections, shared_buffers 128MB". */
export function describe({ sku, storageGb, maxConnections, sharedBuffers }: Observed): string {
  return `${shortSku(sku)}, ${storageGb} GiB; by SQL ${maxConnections} connections, shared_buffers ${sharedBuffers}`;
}

export function shortSku(sku: string): string {
  return sku.replace(/^Standard_/, '');
}
