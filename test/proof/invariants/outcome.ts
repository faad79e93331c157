/**
 * A run ends as exactly one of the declared outcomes, or stays open as NeedsOperator with reason, step, observed state and
 * the locks held; a probe that knows nothing of the run agrees.
 */
import type { Outcome } from '../../../catalogue';
import { completing } from '../../../catalogue';
import { type Evidence, plannedAt, type RunEvidence, setByOthers, wordsOf } from '../harness/evidence';
import type { State } from '../subjects/subject';
import type { Invariant } from './invariant';

export const outcome: Invariant = {
  number: 1,
  name: 'outcome',
  violations: (evidence) => [
    ...evidence.runs.flatMap((run) =>
      run.status === 'TERMINATED'
        ? keptAndFlagged(run, evidence)
        : [...asDeclared(run), ...troubles(run), ...refusedTouchesNothing(run, evidence)],
    ),
    ...asProbed(evidence),
  ],
};

function asDeclared({ workflowId, status, failure, report }: RunEvidence): string[] {
  if (!report) return [`${workflowId} has no report (${status})`];
  const closed = completing.has(report.outcome) ? 'COMPLETED' : 'FAILED';
  return [
    ...(status === closed ? [] : [`${workflowId} reports ${report.outcome} and is ${status} in Temporal`]),
    ...(closed === 'COMPLETED' || failure === report.outcome
      ? []
      : [`${workflowId} reports ${report.outcome} and failed as ${failure}`]),
    ...(report.outcome !== 'Accepted' || report.operators.some(({ order }) => order === 'accept')
      ? []
      : [`${workflowId} is Accepted by nobody`]),
  ];
}

function keptAndFlagged({ workflowId, plan }: RunEvidence, { locks }: Evidence): string[] {
  return (plan?.targets ?? []).flatMap((target) => {
    const holder = locks.find((lock) => lock.target === target)?.state.holder;
    return holder?.workflowId === workflowId && holder.flagged
      ? []
      : [`${workflowId} was terminated, and the lock of ${target} is not kept and flagged`];
  });
}

function troubles({ workflowId, sightings, plan }: RunEvidence): string[] {
  return sightings.flatMap(({ status: { trouble }, locks }) => {
    if (!trouble) return [`${workflowId} needs an operator and does not say why`];
    const missing = [
      ...(trouble.step === '' ? ['a step'] : []),
      ...(trouble.tried.length === 0 ? ['a reason'] : []),
      ...(trouble.now === '' ? ['the observed state'] : []),
    ].map((what) => `${workflowId} needs an operator and names no ${what}`);
    const unlocked = (plan?.targets ?? []).filter(
      (target) => !locks.some((lock) => lock.target === target && lock.holder?.workflowId === workflowId),
    );
    return [...missing, ...unlocked.map((target) => `${workflowId} needs an operator and does not hold ${target}`)];
  });
}

function refusedTouchesNothing({ report, correlationId, workflowId }: RunEvidence, { requests }: Evidence): string[] {
  if (report?.outcome !== 'Refused' && report?.outcome !== 'Planned') return [];
  return requests
    .filter((request) => request.correlationId === correlationId && request.isAccepted)
    .map((request) => `${workflowId} is ${report.outcome}, and ${wordsOf(request)} was accepted`);
}

/** The last run that changed anything left what is shown now; what others have set meanwhile stands unless the run succeeded. */
function asProbed({ runs, before, after, wanted, ...rest }: Evidence): string[] {
  const competed = setByOthers(rest);
  // Of those that let a state stand the last: a rival that comes after them finds nothing to do, or goes on from there.
  const standing = runs.filter(({ report }) => report?.outcome === 'Accepted' || report?.outcome === 'Succeeded');
  const telling = standing.sort((one, other) => (one.closedAt ?? 0) - (other.closedAt ?? 0)).at(-1) ?? runs[0];
  if (!telling.report) return [];
  const { outcome: said } = telling.report;
  const untouched = { ...before, ...competed };
  const state: Record<Outcome, State> = {
    ...{
      Succeeded: { ...wanted, ...takenAwayBeforeThePlan(rest, telling), ...setAfterTheLastLook(rest, telling) },
      Planned: untouched,
      Refused: untouched,
      RolledBack: untouched,
    },
    Accepted: { ...after, ...competed },
  };
  return differences(state[said], after).map((difference) => `the run is ${said}, but ${difference}`);
}

/** What the plan did not know of any more is not made again, unless the plan says that it begins with none. */
function takenAwayBeforeThePlan({ competed }: Pick<Evidence, 'competed'>, run: RunEvidence): State {
  if (run.plan?.steps.some(({ from }) => from.startsWith('no '))) return {};
  const before = setByOthers({ competed: competed.filter(({ at }) => at < plannedAt(run)) });
  return Object.fromEntries(Object.entries(before).filter(([, value]) => value === 'absent'));
}

/** What others set when the run had looked at its resources for the last time: that, no run can see. */
function setAfterTheLastLook(
  { competed, requests }: Pick<Evidence, 'competed' | 'requests'>,
  { plan, correlationId }: RunEvidence,
): State {
  const resources = new Set(plan?.steps.map(({ resource }) => resource));
  const looks = requests.filter(
    ({ resource = '', isMutation, ...request }) =>
      !isMutation && resources.has(resource) && [correlationId, ''].includes(request.correlationId),
  );
  const last = Math.max(0, ...looks.map(({ at }) => at));
  return Object.assign({}, ...competed.filter(({ at }) => at >= last).map(({ state }) => state)) as State;
}

export function differences(wanted: State, found: State): string[] {
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])]
    .filter((what) => wanted[what] !== found[what])
    .map((what) => `${what} is ${found[what] ?? 'absent'}, not ${wanted[what] ?? 'absent'}`);
}
