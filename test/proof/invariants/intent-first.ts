/**
 * An undo is registered before its step's first attempt: a run that went back has undone every step that it had begun, in
 * reverse order, whether it knew of the effect or not.
 */
import { type Evidence, isChange, type RunEvidence } from '../harness/evidence';
import type { Invariant } from './invariant';

export const intentFirst: Invariant = {
  number: 4,
  name: 'intent first',
  violations: (evidence: Evidence) => evidence.runs.flatMap(wentBack),
};

function wentBack({ report, activities }: RunEvidence): string[] {
  if (report?.outcome !== 'RolledBack' && report?.outcome !== 'Refused') return [];
  const begun = report.steps.filter(({ name }) =>
    activities.some(({ step, type, direction }) => step === name && isChange(type) && direction === 'forward'),
  );
  const left = begun
    .filter(({ state }) => state !== 'undone')
    .map(({ name, state }) => `"${name}" was begun, and is ${state} in a run that is ${report.outcome}`);
  const undone = report.steps.filter(({ state }) => state === 'undone');
  const disorder = undone
    .slice(1)
    .filter((step, index) => step.startedAt! > undone[index]!.startedAt!)
    .map((step) => `"${step.name}" was undone after the step before it`);
  return [...left, ...disorder];
}
