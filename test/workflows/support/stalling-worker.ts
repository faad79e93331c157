/**
 * A worker with the toy runbook, as a process of its own: it can be stopped in the middle of something. Takes the server's address, the task
 * queue and a number; says `ready`, and `looks` when it reads the dials for the so many-th time since it has the lock: from then on that
 * takes its time. (Before that its run's first task may still be under way, and read more than once.)
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { createTargetLockActivities } from '../../../activities/target-lock';
import { quiet } from '../../support/quiet';
import { topology } from './bench';
import { board } from './words';

/** So long that whatever comes meets it. */
const lookMs = 1500;

async function main(address: string, taskQueue: string, slowFrom: number): Promise<void> {
  const [connection, nativeConnection, workflowBundle] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
    bundleWorkflowCode({ workflowsPath: require.resolve('./workflows'), logger: quiet }),
  ]);
  const dials = board();
  let locked = false;
  let reads = 0;
  dials.reading = async () => {
    if (!locked || ++reads < slowFrom) return;
    console.log('looks');
    await sleep(lookMs);
  };
  const locks = createTargetLockActivities({ client: new Client({ connection }), taskQueue });
  const acquireTargets: typeof locks.acquireTargets = async (...asked) => {
    const answer = await locks.acquireTargets(...asked);
    locked = true;
    return answer;
  };
  const worker = await Worker.create({
    ...{ connection: nativeConnection, taskQueue, workflowBundle },
    activities: {
      ...dials.activities(),
      ...{ ...locks, acquireTargets },
      readTopology: () => Promise.resolve(topology),
    },
  });
  console.log('ready');
  await worker.run();
}

const [address = '', taskQueue = '', slowFrom] = process.argv.slice(2);
void main(address, taskQueue, Number(slowFrom));
