import { z } from 'zod';
import { identity } from './run-input';

/**
 * What can be asked of a run and said to it. Every update carries who says it and why. Its arguments are parsed by these
 * schemas in the update's validator: what does not fit is rejected and leaves no trace in the run.
 */
const reason = z.string().trim().min(1).max(500);

/** When a run began to ask, as it says so: the whole of `since` (ISO 8601), or its time of day. */
const question = z
  .string()
  .regex(/^(\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d(\.\d{1,3})?Z?$/, 'the time since which the run asks, as 03:12:07')
  .transform((time) => time.replace(/Z$/, ''));

/** An order with a reason: pause, resume, abort, reject. */
export const orderSchema = z.strictObject({ by: identity, reason });
/** retry, rollback, accept: answers to an operator's question. One that says which answers no other that has taken its place meanwhile. */
export const answerSchema = orderSchema.extend({ question: question.optional() });
export type Order = z.infer<typeof orderSchema>;
export type Answer = z.infer<typeof answerSchema>;

/** An approval is bound to one plan, and names every irreversible step that it covers. */
export const approvalSchema = z.strictObject({
  by: identity,
  reason: reason.optional(),
  planHash: z.string().regex(/^[0-9a-f]{6,12}$/, 'the first 6 to 12 hexadecimal digits of the plan'),
  irreversibleSteps: z.array(z.string().max(200)).max(50).default([]),
});
export type Approval = z.infer<typeof approvalSchema>;

export const orders = ['reject', 'pause', 'resume', 'abort', 'retry', 'rollback', 'accept'] as const;
export type OrderName = (typeof orders)[number];

export const answers = ['retry', 'rollback', 'accept'] as const;
export type AnswerName = (typeof answers)[number];

/** What goes with an order. */
export const schemaOf = (name: OrderName) => (isAnswer(name) ? answerSchema : orderSchema);

export function isAnswer(name: OrderName): name is AnswerName {
  return (answers as readonly OrderName[]).includes(name);
}

/** Names as they appear in Temporal. */
export const updateNames = {
  approve: 'approve',
  ...(Object.fromEntries(orders.map((name) => [name, name])) as Record<OrderName, OrderName>),
};
export const queryNames = { status: 'status', plan: 'plan', report: 'report' } as const;
/** Told by the probe that measures clients; a lock's word is in lock.ts. */
export const budgetSignal = 'clientBudgetExceeded';
