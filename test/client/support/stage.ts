import { randomUUID } from 'node:crypto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { Worker, bundleWorkflowCode } from '@temporalio/worker';
import { createTargetLockActivities } from '../../../activities/target-lock';
import { searchAttributes, topologySchema } from '../../../catalogue';
import { program } from '../../../lab/cache';
import { quiet, quietServer } from '../../support/quiet';
import { PaperServers } from './paper-server';

const topology = topologySchema.parse({
  environment: 'test',
  azure: { resourceGroup: 'broxiva-prod-rg' },
  postgres: { primary: 'broxiva-db-primary', database: 'none', applicationRole: 'none' },
  approval: {},
});

/** A Temporal server of one's own and a worker that can come and go, for the command line to talk to. */
export class Stage {
  readonly servers = new PaperServers();
  private readonly taskQueue = `cli-${randomUUID().slice(0, 8)}`;
  private worker?: { worker: Worker; running: Promise<void> };

  private constructor(
    private readonly environment: TestWorkflowEnvironment,
    private readonly bundle: WorkflowBundleWithSourceMap,
  ) {}

  static async start({ registered = true } = {}): Promise<Stage> {
    const attributes = Object.entries(searchAttributes).map(([name, type]) => defineSearchAttributeKey(name, type));
    const [environment, bundle] = await Promise.all([
      TestWorkflowEnvironment.createLocal({
        server: {
          executable: { type: 'existing-path', path: program('temporal') },
          extraArgs: quietServer,
          searchAttributes: registered ? attributes : [],
        },
      }),
      bundleWorkflowCode({ workflowsPath: require.resolve('./workflows'), logger: quiet }),
    ]);
    return new Stage(environment, bundle);
  }

  /** What the command line needs to reach this server and this worker. */
  get env(): Record<string, string> {
    return {
      TEMPORAL_ADDRESS: this.environment.address,
      RUNBOOK_TASK_QUEUE: this.taskQueue,
      RUNBOOK_IDENTITY: 'operator@example.com',
    };
  }

  get client(): TestWorkflowEnvironment['client'] {
    return this.environment.client;
  }

  async startWorker(): Promise<void> {
    const { client, nativeConnection } = this.environment;
    const { taskQueue, bundle } = this;
    const worker = await Worker.create({
      connection: nativeConnection,
      taskQueue,
      workflowBundle: bundle,
      activities: {
        ...this.servers.activities(),
        ...createTargetLockActivities({ client, taskQueue }),
        readTopology: () => Promise.resolve(topology),
      },
      maxHeartbeatThrottleInterval: '200 ms',
      stickyQueueScheduleToStartTimeout: '1 s',
      shutdownGraceTime: '1 s',
    });
    this.worker = { worker, running: worker.run() };
  }

  async stopWorker(): Promise<void> {
    this.worker?.worker.shutdown();
    await this.worker?.running;
    this.worker = undefined;
  }

  async stop(): Promise<void> {
    await this.stopWorker();
    await this.environment.teardown();
  }
}
