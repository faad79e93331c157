import type { Plan } from '../../catalogue';
import type { RunView } from '../views';

/** A run as the JSON document that every command about one run prints. */
export function documentOf(view: RunView, plan?: Plan): Record<string, unknown> {
  const { state, run, ...rest } = view;
  const outcome = view.state === 'closed' ? view.report.outcome : undefined;
  const phase = view.state === 'open' ? view.status.phase : view.state === 'closed' ? 'closed' : undefined;
  const planHash =
    plan?.hash ??
    (view.state === 'open' ? view.status.planHash : view.state === 'closed' ? view.report.planHash : undefined);
  return { ...run, state, phase, outcome, planHash, plan, ...rest };
}
