/** The invariants that apply to runbooks on PostgreSQL servers, by their numbers; every case is asked all of them. */
import type { Evidence } from '../harness/evidence';
import { allPoolersOrNone } from './all-poolers-or-none';
import { blastRadius } from './blast-radius';
import { clientBudget } from './client-budget';
import { effectOnce } from './effect-once';
import { intentFirst } from './intent-first';
import type { Invariant } from './invariant';
import { liveness } from './liveness';
import { noAcknowledgedLoss } from './no-acknowledged-loss';
import { outcome } from './outcome';
import { planIsWhatHappens } from './plan-is-what-happens';
import { replay } from './replay';
import { singleWriter } from './single-writer';
import { verifyBeforeAdvance } from './verify-before-advance';

export const invariants: Invariant[] = [
  ...[outcome, singleWriter, effectOnce, intentFirst, verifyBeforeAdvance, noAcknowledgedLoss],
  ...[clientBudget, liveness, replay, blastRadius, allPoolersOrNone, planIsWhatHappens],
];

export interface Violation {
  /** "3 effect once", or what was expected of the case. */
  of: string;
  what: string;
}

export function violationsIn(evidence: Evidence): Violation[] {
  return invariants.flatMap(({ number, name, violations }) =>
    violations(evidence).map((what) => ({ of: `${number} ${name}`, what })),
  );
}
