import type { ClientBudget, ClientMeasurement } from '../../../catalogue';
import { duration, lastFailed } from '../../../catalogue';
import type { Look } from './text';
import { tint } from './text';

/** What clients noticed, against what they may notice. */
export function renderClients(measured: ClientMeasurement, budget: ClientBudget | undefined, look: Look): string {
  const { requests, failedRequests, longestStallSeconds, unmeasuredSeconds } = measured;
  const exceeded =
    budget !== undefined &&
    (failedRequests > budget.failedRequests || longestStallSeconds > budget.longestStallSeconds);
  const of =
    budget === undefined
      ? ''
      : ` (budget ${budget.failedRequests.toLocaleString('en')} / ${budget.longestStallSeconds} s)`;
  const unmeasured = unmeasuredSeconds > 0 ? `; ${duration(unmeasuredSeconds)} unmeasured` : '';
  const text = `clients: ${failedRequests.toLocaleString('en')} of ${requests.toLocaleString('en')} requests failed, longest stall ${longestStallSeconds.toFixed(1)} s${of}${unmeasured}`;
  return `${exceeded ? tint(look, 'red', `${text}: over budget`) : text}${lastFailed(measured)}`;
}
