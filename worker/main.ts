/**
 * The worker's process.
 *
 * 1. Read the environment and the topology; everything wrong is named at once.
 * 2. Connect to Temporal; refuse to start where a search attribute is missing, because its runs would hang.
 * 3. Ask Azure for the primary; refuse to start where nothing answers.
 * 4. Take work: "worker ready: task queue …".
 * 5. SIGTERM or SIGINT: take no more, tell activities after the grace time, end. What they were doing another worker
 *    goes on with.
 *
 * Exit code 0 after a shutdown, 1 where it could not start or broke down; the reason is the last line.
 */
import { Runtime, Worker } from '@temporalio/worker';
import { createActivities } from './activities';
import { workflowCode } from './bundle';
import { assertAzureAnswers, assertSearchAttributes, connectAzure, connectTemporal } from './clients';
import { ConfigurationError, readConfiguration, type WorkerConfiguration } from './configuration';
import { createLog, temporalLogger } from './log';
import { workerOptions } from './options';

async function main(): Promise<void> {
  const configuration = readConfiguration(process.env);
  const log = createLog(configuration.logLevel);
  installRuntime(configuration, log);
  const temporal = await connectTemporal();
  try {
    await assertSearchAttributes(temporal);
    const azure = connectAzure(configuration);
    const warning = await assertAzureAnswers(azure.servers, configuration);
    if (warning) log.warn(warning);
    const { taskQueue } = configuration;
    const worker = await Worker.create({
      ...workerOptions,
      connection: temporal.connection,
      namespace: temporal.namespace,
      taskQueue,
      ...workflowCode(),
      activities: createActivities(configuration, azure, temporal.client),
    });
    const done = worker.run();
    log.info(
      `worker ready: task queue ${taskQueue}, namespace ${temporal.namespace}, environment ${configuration.topology.environment}`,
    );
    await done;
    log.info('worker ended');
  } finally {
    await temporal.connection.close();
  }
}

function installRuntime({ metricsAddress }: WorkerConfiguration, log: ReturnType<typeof createLog>): void {
  Runtime.install({
    logger: temporalLogger(log),
    telemetryOptions: {
      logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
      ...(metricsAddress ? { metrics: { prometheus: { bindAddress: metricsAddress } } } : {}),
    },
  });
}

main().then(
  () => process.exit(0),
  (error: Error) => {
    const lines = error instanceof ConfigurationError ? error.problems : [error.message.split('\n')[0]!];
    for (const line of lines) console.error(`worker: ${line}`);
    process.exit(1);
  },
);
