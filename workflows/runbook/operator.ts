import type { Trouble } from '../../catalogue';
import { storyOf } from './failure';
import type { OperatorOrder, Run } from './run';
import { now } from './clock';
import type { AnyStep } from './step';

/** Keeps the run open and its locks held until an operator orders one of `orders`. */
export async function askOperator(
  run: Run,
  { step, causes, orders }: { step: AnyStep | undefined; causes: string[]; orders: Trouble['orders'] },
): Promise<OperatorOrder> {
  run.operatorOrder = undefined;
  run.trouble = {
    step: step?.name ?? '',
    now: await stateNow(step),
    tried: causes,
    held: run.held,
    orders,
    since: now(),
  };
  run.enter('needs-operator');
  await run.waitFor({ reason: orders.join(', '), on: 'an operator' }, () => run.operatorOrder !== undefined);
  run.trouble = undefined;
  return run.operatorOrder!;
}

/** What the target shows, as far as it can be read: never a reason to fail. */
async function stateNow(step: AnyStep | undefined): Promise<string> {
  if (!step) return 'no step had begun';
  try {
    return `${step.resource} shows ${(await step.observe()).value} (read at ${now().slice(11, 19)}Z)`;
  } catch (error) {
    return `${step.resource} could not be read: ${storyOf(error).message}`;
  }
}
