import type { WorkflowHandle } from '@temporalio/client';
import type { Topology } from '../../../catalogue';
import { DialBoard, refusal } from './dial-board';

/** What the engine's tests share: a board, two dials to turn, and a few words. */
export const two = { left: 'b', right: 'b' };

export const board = (): DialBoard => new DialBoard({ left: 'a', right: 'a', valve: 'a', loud: 'a' });

export const neverAsk: Partial<Topology> = {
  approval: { reversible: 'none', lossy: 'none', irreversible: 'none', approvers: [] },
};

export function fail(is: boolean, message: string): void {
  if (is) throw refusal(message);
}

export async function approvePlan(handle: WorkflowHandle, planHash: string): Promise<void> {
  await handle.executeUpdate('approve', { args: [{ by: 'approver@example.com', planHash, irreversibleSteps: [] }] });
}

export async function rejected(update: Promise<unknown>, words: string): Promise<void> {
  await expect(update).rejects.toMatchObject({ cause: { message: expect.stringContaining(words) as string } });
}

export async function eventually(check: () => Promise<void>, seconds = 10): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
