/**
 * The run's clock. A workflow's own stands still while it waits for local activities: what they say of the time is believed as
 * well, so that a step that took seconds is not said to have taken none.
 */
import type { Stamped } from '../../activities/stamped';

let witnessed = 0;

/** ISO 8601. */
export function now(): string {
  return new Date(Math.max(Date.now(), witnessed)).toISOString();
}

/** What an activity answered, its time taken note of. Answers without one pass as they are. */
export function noted(answer: unknown): unknown {
  if (!isStamped(answer)) return answer;
  witnessed = Math.max(witnessed, answer.at);
  return answer.answer;
}

function isStamped(answer: unknown): answer is Stamped {
  return typeof answer === 'object' && answer !== null && 'answer' in answer && 'at' in answer;
}
