import type { Outcome } from '../../catalogue';
import type { AnyStep } from './step';

/** How a run closes, and why in a sentence or a few lines. */
export interface Ending {
  outcome: Outcome;
  summary: string;
}

/** A step that may have had an effect, with what was read before it. */
export interface Begun {
  step: AnyStep;
  before: unknown;
  /** Its change was made, by the activity's own word: nothing is in the middle any more. */
  applied: boolean;
}
