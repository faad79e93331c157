/** What clients noticed stays within the plan's budget; where it does not, the run did not succeed without a person's word. */
import type { Evidence, RunEvidence } from '../harness/evidence';
import { cutsClients } from '../harness/trouble';
import type { Invariant } from './invariant';

export const clientBudget: Invariant = {
  number: 7,
  name: 'client budget',
  violations: (evidence) =>
    evidence.runs.flatMap((run) => [...unmeasured(run), ...ignored(run, evidence), ...undone(run, evidence)]),
};

/**
 * The server was killed that they were on, or the pods through which they came: nobody could have spared them that. Of a run only what
 * its own probe has noticed, which is one client, is to have had consequences then.
 */
function areCut({ case: { strikes } }: Evidence): boolean {
  return strikes.some(
    (strike) => strike.do === 'killPostgres' || (strike.do === 'troublePooler' && cutsClients.has(strike.trouble)),
  );
}

/** Since before the run had begun. */
function hung({ case: { strikes } }: Evidence): boolean {
  return strikes.some(
    (strike) =>
      strike.do === 'troublePooler' &&
      strike.trouble === 'a pod hangs' &&
      'request' in strike &&
      strike.request === 1 &&
      !strike.whenPausing,
  );
}

function unmeasured({ report, activities, workflowId }: RunEvidence): string[] {
  if (report?.outcome !== 'Succeeded' && report?.outcome !== 'RolledBack') return [];
  const asked = activities.some(({ type }) => type === 'measureClients');
  return asked && report.clients === undefined ? [`${workflowId} reports nothing of its clients`] : [];
}

function ignored({ report, plan, workflowId }: RunEvidence, evidence: Evidence): string[] {
  if (report?.outcome !== 'Succeeded' || report.steps.length === 0 || !plan) return [];
  const { failedRequests, longestStallSeconds } = plan.clientBudget;
  const { clients } = evidence;
  const noticed = [
    ...(areCut(evidence) || hung(evidence)
      ? []
      : [{ failed: clients.failed, stall: clients.longestStallSeconds, by: 'the clients' }]),
    { failed: report.clients?.failedRequests ?? 0, stall: report.clients?.longestStallSeconds ?? 0, by: 'the probe' },
  ];
  if (report.operators.some(({ order }) => order === 'retry')) return [];
  return noticed
    .filter(({ failed, stall }) => failed > failedRequests || stall > longestStallSeconds)
    .map(
      ({ failed, stall, by }) =>
        `${workflowId} succeeded by itself, though ${by} noticed ${failed} failures and ${stall.toFixed(1)} s`,
    );
}

/**
 * Pods come and go without their clients' noticing, on the way back as well. What is felt is a server's restart; and a pooler in trouble,
 * by those whose rows go through it: the run goes back because of that.
 */
function undone({ report, plan, workflowId }: RunEvidence, evidence: Evidence): string[] {
  const { clients, case: given } = evidence;
  const inTrouble = clients.ledger && given.strikes.some((strike) => strike.do === 'troublePooler');
  if (report?.outcome !== 'RolledBack' || clients.onServer || inTrouble || !plan || areCut(evidence)) return [];
  const { failed, reasons } = clients;
  return failed > plan.clientBudget.failedRequests
    ? [`${workflowId} was rolled back, and clients noticed ${failed} failures: ${Object.keys(reasons).join(', ')}`]
    : [];
}
