import type { Answer, AnswerName, Approval, Order, Phase } from '../../catalogue';
import type { Run } from './run';

/**
 * Whether an order makes sense now. Pure: each answers why not, or nothing.
 */
type Asked = Pick<
  Run,
  'phase' | 'plan' | 'input' | 'pauseOrder' | 'stopOrder' | 'trouble' | 'approvers' | 'operatorOrder'
>;

export function mayApprove(run: Asked, approval: Approval): string | undefined {
  const plan = run.plan;
  if (run.phase !== 'awaiting-approval' || !plan) return notNow('approve', run.phase, 'awaiting-approval');
  if (same(approval.by, run.input.requestedBy)) {
    return `${approval.by} asked for this run and cannot approve it: somebody else must`;
  }
  if (run.approvers.length > 0 && !run.approvers.some((approver) => same(approver, approval.by))) {
    return `${approval.by} is not an approver; the topology names ${run.approvers.join(', ')}`;
  }
  if (!plan.hash.startsWith(approval.planHash)) {
    return `plan ${approval.planHash} is not this run's plan, which is ${plan.hash}: read it again before approving`;
  }
  const known = plan.approval.irreversibleSteps;
  const unknown = approval.irreversibleSteps.filter((step) => !known.includes(step));
  if (unknown.length > 0) return `no irreversible step is named ${quoted(unknown)}; this plan has ${quoted(known)}`;
  const unnamed = known.filter((step) => !approval.irreversibleSteps.includes(step));
  if (unnamed.length > 0) return `what cannot be undone is approved by name: ${quoted(unnamed)} was not named`;
  return undefined;
}

export function mayReject(run: Asked): string | undefined {
  return run.phase === 'awaiting-approval' ? undefined : notNow('reject', run.phase, 'awaiting-approval');
}

export function mayPause(run: Asked): string | undefined {
  if (run.pauseOrder) return `${run.pauseOrder.by} has paused this run already`;
  return ['closed', 'needs-operator', 'rolling-back'].includes(run.phase) ? notNow('pause', run.phase) : undefined;
}

export function mayResume(run: Asked): string | undefined {
  if (run.phase === 'closed') return notNow('resume', run.phase);
  return run.pauseOrder ? undefined : 'this run is not paused';
}

export function mayAbort(run: Asked): string | undefined {
  if (run.phase === 'closed') return notNow('abort', run.phase);
  if (run.phase === 'needs-operator') return 'an operator is needed: the orders are retry, rollback and accept';
  if (run.phase === 'rolling-back' || run.stopOrder) return 'this run is being undone already';
  return undefined;
}

export const mayRetry = (run: Asked, given: Answer): string | undefined => operatorMay(run, 'retry', given);
export const mayRollBack = (run: Asked, given: Answer): string | undefined => operatorMay(run, 'rollback', given);
export const mayAccept = (run: Asked, given: Answer): string | undefined => operatorMay(run, 'accept', given);

function operatorMay(run: Asked, order: AnswerName, { question }: Answer): string | undefined {
  if (run.phase === 'rolling-back') return `${order}: this run is rolling back already`;
  if (run.phase !== 'needs-operator' || !run.trouble) return notNow(order, run.phase, 'needs-operator');
  if (!run.trouble.orders.includes(order))
    return `${order} is not possible here; the orders are ${run.trouble.orders.join(', ')}`;
  if (run.operatorOrder) return `${order}: ${run.operatorOrder.by} has ordered ${run.operatorOrder.order} already`;
  const { since, step, tried } = run.trouble;
  if (question !== undefined && !since.includes(question)) {
    return `${order}: the question of ${question} has had its answer; since ${since} this run asks another, at step "${step}" (${tried.at(-1)}): read it first`;
  }
  return undefined;
}

function notNow(order: Order['reason'], phase: Phase, wanted?: Phase): string {
  return `${order}: not now, this run is ${phase}${wanted ? ` (it must be ${wanted})` : ''}`;
}

function same(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}

function quoted(names: string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `"${name}"`).join(', ');
}
