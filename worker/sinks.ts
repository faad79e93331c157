import type { Client } from '@temporalio/client';
import type { InjectedSinks } from '@temporalio/worker';
import { takeEffectSignal, type WorkerSinks } from '../catalogue';

/** What workflows ask of their worker that no history knows of. A run that is not there any more needs nothing. */
export function createSinks(client: Client): InjectedSinks<WorkerSinks> {
  return {
    worker: {
      knock: {
        fn: async ({ workflowId, runId }) => {
          await client.workflow
            .getHandle(workflowId, runId)
            .signal(takeEffectSignal)
            .catch(() => undefined);
        },
        callDuringReplay: false,
      },
    },
  };
}
