/** The production's worker but for its workflows' bundle: the same configuration, clients, activities and options. */
import { Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../../../worker/activities';
import { connectAzure, connectTemporal } from '../../../worker/clients';
import { readConfiguration } from '../../../worker/configuration';
import { createLog, temporalLogger } from '../../../worker/log';
import { workerOptions } from '../../../worker/options';
import { askBeforeDirectChanges } from './direct-changes';
import { tellRedisRequests } from './redis-requests';

async function main(): Promise<void> {
  tellRedisRequests();
  askBeforeDirectChanges();
  const configuration = readConfiguration(process.env);
  Runtime.install({ logger: temporalLogger(createLog('warn')) });
  const { connection, client, namespace } = await connectTemporal();
  const worker = await Worker.create({
    ...workerOptions,
    connection,
    namespace,
    taskQueue: configuration.taskQueue,
    workflowBundle: { codePath: process.argv[2]! },
    activities: createActivities(configuration, connectAzure(configuration), client),
  });
  // It ends with whoever started it, however that one ends.
  process.stdin.resume().on('close', () => process.exit());
  const done = worker.run();
  console.log('worker ready');
  await done;
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
