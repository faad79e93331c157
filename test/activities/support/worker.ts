/** The production's worker but for its workflows: the same configuration, clients, activities and options. */
import { Worker } from '@temporalio/worker';
import { createActivities } from '../../../worker/activities';
import { connectAzure, connectTemporal } from '../../../worker/clients';
import { readConfiguration } from '../../../worker/configuration';
import { workerOptions } from '../../../worker/options';

async function main(): Promise<void> {
  const configuration = readConfiguration(process.env);
  const { connection, client, namespace } = await connectTemporal();
  const worker = await Worker.create({
    ...workerOptions,
    connection,
    namespace,
    taskQueue: configuration.taskQueue,
    workflowBundle: { codePath: process.argv[2]! },
    activities: createActivities(configuration, connectAzure(configuration), client),
  });
  const done = worker.run();
  console.log('worker ready');
  await done;
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
