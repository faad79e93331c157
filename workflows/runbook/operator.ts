import { CancellationScope } from '@temporalio/workflow';
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
  const trouble: Trouble = {
    step: step?.name ?? '',
    now: step ? `${step.resource} is being read` : 'no step had begun',
    tried: causes,
    held: run.held,
    orders,
    since: now(),
  };
  run.trouble = trouble;
  run.enter('needs-operator');
  // Beside it: one that does not answer is asked for minutes, and by then somebody is to know.
  const reading = new CancellationScope();
  if (step) {
    void reading.run(async () => {
      trouble.now = await stateNow(step);
      run.show();
    });
  }
  await run.waitFor({ reason: orders.join(', '), on: 'an operator' }, () => run.operatorOrder !== undefined);
  reading.cancel();
  run.trouble = undefined;
  return run.operatorOrder!;
}

/** What the target shows, as far as it can be read: never a reason to fail. */
async function stateNow(step: AnyStep): Promise<string> {
  try {
    return `${step.resource} shows ${(await step.observe()).value} (read at ${now().slice(11, 19)}Z)`;
  } catch (error) {
    return `${step.resource} could not be read: ${storyOf(error).message}`;
  }
}
