/** Between a step's last change and the next step's first, or the end, its verification read the target and passed. */
import { type Activity } from '../harness/history';
import { type Evidence, isChange, isVerification, type RunEvidence } from '../harness/evidence';
import type { Invariant } from './invariant';

export const verifyBeforeAdvance: Invariant = {
  number: 5,
  name: 'verify before advance',
  violations: (evidence) => evidence.runs.flatMap((run) => unverified(run, evidence)),
};

function unverified({ report, activities, closedAt = Infinity }: RunEvidence, { requests }: Evidence): string[] {
  const steps = report?.steps ?? [];
  const forward = (step: string) =>
    activities.filter((one) => one.step === step && isChange(one.type) && one.direction === 'forward');
  return steps.flatMap(({ name, resource }, index) => {
    const own = forward(name);
    if (own.length === 0) return [];
    const next = steps.slice(index + 1).flatMap((step) => forward(step.name));
    const advanced = next.length > 0 || report?.outcome === 'Succeeded';
    if (!advanced) return [];
    const from = Math.max(...own.map((change) => change.closedAt ?? Infinity));
    const to = next.length > 0 ? Math.min(...next.map((change) => change.scheduledAt)) : closedAt;
    const passed = activities.filter(
      (one) => one.step === name && isVerification(one.type) && one.end === 'completed' && within(one, from, to),
    );
    const reads = (one: Activity) =>
      requests.some(
        (request) =>
          !request.isMutation &&
          request.resource === resource &&
          request.at >= from - 2 &&
          request.at <= one.closedAt! + 2,
      );
    if (passed.some(reads)) return [];
    const what = next.length > 0 ? 'the next step began' : 'the run succeeded';
    return [`"${name}" was not verified by reading ${resource} before ${what}`];
  });
}

function within({ scheduledAt, closedAt = Infinity }: Activity, from: number, to: number): boolean {
  return scheduledAt >= from - 2 && closedAt <= to + 2;
}
