/**
 * A worker killed in the middle of its wait on Azure, as a story of commands: watch until Azure is at work on the primary,
 * stop watching, SIGKILL, look at the run that nobody speaks for, start another worker.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoggedRequest } from '../azure';
import { askDaemon } from '../control-client';
import { type Lab, production } from '../lab';
import { acceptedSkuChanges } from './observation';
import type { Terminal } from '../story/terminal';

/** After Azure has accepted the change: surely in the wait, long before its end. */
const intoTheWaitMs = 1_000;
const lookEveryMs = 100;

export async function crashWorker(terminal: Terminal, lab: Lab, workflowId: string, story: string): Promise<void> {
  const stop = new AbortController();
  const watching = terminal.show('runbook', ['watch', workflowId], { stop: stop.signal });
  const accepted = azureWorksOnPrimary(lab, stop.signal);
  await Promise.race([accepted.then(() => sleep(intoTheWaitMs)), watching]).finally(() => stop.abort());
  await watching;
  if (!(await accepted)) throw new Error('the run ended before its worker could be killed');
  terminal.heading('The fault', story);
  await terminal.must('lab', ['worker', 'kill']);
  await terminal.must('runbook', ['status', workflowId], { exits: [0, 1] });
  await terminal.must('lab', ['worker', 'start']);
}

/** Resolves to false when `given up` comes first. */
async function azureWorksOnPrimary(lab: Lab, givenUp: AbortSignal): Promise<boolean> {
  while (!givenUp.aborted) {
    const requests = await askDaemon<LoggedRequest[]>(lab, 'GET', '/requests');
    if (acceptedSkuChanges(requests).some(({ server }) => server === production.primary)) return true;
    await sleep(lookEveryMs);
  }
  return false;
}
