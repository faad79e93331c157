/**
 * Goal: runs that began under earlier code go on under the present one. Method: Temporal replays recorded histories on the
 * present workflows, and says where they would decide otherwise. `make histories` records them anew.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import {
  DefaultLogger,
  Runtime,
  Worker,
  bundleWorkflowCode,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { runbooks } from '../../catalogue';
import { repository } from '../../lab/lab';
import { fromPortable, type Json, textOf } from './portable';

const folder = join(__dirname, 'histories');
const names = readdirSync(folder).map((file) => file.replace(/\.json$/, ''));

interface History {
  events: { activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
}

const read = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as History;

let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  const logger = new DefaultLogger('ERROR');
  Runtime.install({ logger, telemetryOptions: { logging: { filter: 'OFF' } } });
  workflowBundle = await bundleWorkflowCode({ workflowsPath: require.resolve('../../workflows'), logger });
});

/** Where the present code decides otherwise, or nothing. */
async function replay(history: History): Promise<Error | undefined> {
  const histories = [{ workflowId: 'recorded', history: fromPortable(history as unknown as Json) }];
  for await (const { error } of Worker.runReplayHistories({ workflowBundle }, histories)) return error;
  throw new Error('nothing was replayed');
}

test('every runbook and every ending is there', () => {
  expect(names).toEqual(
    expect.arrayContaining([
      ...['lock', 'needs-operator-then-retry', 'rolled-back', 'succeeded', 'worker-killed'],
      ...Object.keys(runbooks)
        .filter((name) => name !== 'databaseSkuUpgrade')
        .map((name) => `${name}-succeeded`),
    ]),
  );
});

test.each(names)('%s replays on the present code', async (name) => {
  expect(await replay(read(name))).toBeUndefined();
});

test.each(names)('%s, with another change in the place of the first, does not', async (name) => {
  const history = read(name);
  const changed = history.events.find(
    ({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes,
  );
  changed!.activityTaskScheduledEventAttributes!.activityType.name = 'dropEverything';
  expect(await replay(history)).toMatchObject({ name: 'DeterminismViolationError' });
});

test.each(names)('%s tells nothing of a machine, and no secret', (name) => {
  const text = textOf(read(name) as unknown as Json);
  for (const own of [repository, homedir(), `@${hostname()}`]) {
    expect(text).not.toContain(own);
  }
  expect(text).not.toMatch(
    /(postgres(ql)?|rediss?):\/\/|password|bearer|-----BEGIN|\/(home|root|var|tmp|usr)\/|\.ts:\d+|\.js:\d+|\d+@/i,
  );
});
