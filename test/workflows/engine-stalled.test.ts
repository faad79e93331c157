/**
 * Goal: a run that is told something while its worker stands still, for longer than a workflow task may last, can be gone on with by any
 * worker. Method: a worker's process is stopped in the middle of a local activity, and Temporal replays what came of it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { repository } from '../../lab/lab';
import { quiet } from '../support/quiet';
import { Bench, reportOf } from './support/bench';
import { eventually } from './support/words';

jest.setTimeout(120_000);

let bench: Bench;
let worker: ChildProcess | undefined;
beforeAll(async () => (bench = await Bench.start()));
afterEach(() => worker?.kill('SIGKILL'));
afterAll(() => bench.stop());

/** Resolves to a function that waits for a word of it. */
function startWorker(taskQueue: string, slowFrom: number): (word: string) => Promise<void> {
  const program = ['-r', './test/lab/typescript.cjs', 'test/workflows/support/stalling-worker.ts'];
  worker = spawn(process.execPath, [...program, bench.environment.address, taskQueue, String(slowFrom)], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  worker.stdout!.on('data', (data) => (said += String(data)));
  return (word) => eventually(() => Promise.resolve(expect(said).toContain(word)), 60);
}

const timedOut = async (handle: WorkflowHandle) =>
  ((await handle.fetchHistory()).events ?? []).some((event) => event.workflowTaskTimedOutEventAttributes);

const abort = (handle: WorkflowHandle) =>
  handle.executeUpdate('abort', { args: [{ by: 'operator@example.com', reason: 'it hangs' }] });

test.each<[string, number, (handle: WorkflowHandle) => Promise<unknown>]>([
  ['an abort as it looks again under the lock', 1, abort],
  ['an abort as the first step begins', 2, abort],
  ['a cancellation', 1, (handle) => handle.cancel()],
])('%s, while the worker stands still', async (_name, read, tell) => {
  const taskQueue = `stalled-${randomUUID().slice(0, 8)}`;
  const said = startWorker(taskQueue, read);
  await said('ready');
  const handle = await bench.environment.client.workflow.start('turnDials', {
    ...{ workflowId: `turnDials:${taskQueue}`, taskQueue, workflowTaskTimeout: '2 s' },
    args: [{ board: taskQueue, dials: { left: 'b' }, requestedBy: 'asker@example.com', timing: { soakSeconds: 0 } }],
  });
  await said('looks');
  worker!.kill('SIGSTOP');
  await eventually(async () => expect(await timedOut(handle)).toBe(true), 20);
  const told = tell(handle);
  // Temporal keeps it for the workflow task after the one that the worker will find; a moment, so that it is there by then.
  await sleep(500);
  worker!.kill('SIGCONT');
  await told;
  expect(await reportOf(handle)).toMatchObject({
    // By how far it had come.
    outcome: expect.stringMatching(/RolledBack|Refused/) as string,
    summary: expect.stringContaining('stopped by') as string,
  });
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: require.resolve('./support/workflows'),
    logger: quiet,
  });
  await Worker.runReplayHistory({ workflowBundle }, await handle.fetchHistory());
});
