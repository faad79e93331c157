/**
 * A worker with the toy runbook, as a process of its own: it can be stopped in the middle of something. Takes the server's address and the
 * task queue; says `ready`, and `looks` when it reads the dials, which takes its time under the lock.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { createTargetLockActivities } from '../../../activities/target-lock';
import { createSinks } from '../../../worker/sinks';
import { quiet } from '../../support/quiet';
import { topology } from './bench';
import { board } from './words';

/** So long that whatever comes meets it. */
const lookMs = 1500;

async function main(address: string, taskQueue: string): Promise<void> {
  const [connection, nativeConnection, workflowBundle] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
    bundleWorkflowCode({ workflowsPath: require.resolve('./workflows'), logger: quiet }),
  ]);
  const client = new Client({ connection });
  const dials = board();
  let reads = 0;
  dials.reading = async () => {
    // After preflight: the same again, under the lock.
    if (++reads === 1) return;
    console.log('looks');
    await sleep(lookMs);
  };
  const worker = await Worker.create({
    ...{ connection: nativeConnection, taskQueue, workflowBundle, sinks: createSinks(client) },
    activities: {
      ...dials.activities(),
      ...createTargetLockActivities({ client, taskQueue }),
      readTopology: () => Promise.resolve(topology),
    },
  });
  console.log('ready');
  await worker.run();
}

const [address = '', taskQueue = ''] = process.argv.slice(2);
void main(address, taskQueue);
