/** The removal of a replica: whether it is unused is asked between everything else and the request. */
import type { FlexibleServers } from '../../../../activities/azure/flexible-servers';
import { failure } from '../../../../activities/failures';
import { removal } from '../../../../activities/replicas/changes';

const identity = { correlationId: 'run', clientRequestId: 'one' };

function removing(assertUnused: () => Promise<void>) {
  const deleted: string[] = [];
  const deleteServer = (server: string) => {
    deleted.push(server);
    return Promise.resolve({});
  };
  const servers = { deleteServer } as unknown as FlexibleServers;
  const change = removal({ source: 'primary-1', replica: 'replica-1' }, servers, identity, assertUnused);
  return { change, deleted };
}

test('one that is unused is deleted', async () => {
  const { change, deleted } = removing(() => Promise.resolve());
  await change.send(() => undefined);
  expect(deleted).toEqual(['replica-1']);
});

test('one that somebody is on is not', async () => {
  const { change, deleted } = removing(() => Promise.reject(failure('ReplicaInUse', 'somebody')));
  await expect(change.send(() => undefined)).rejects.toMatchObject({ type: 'ReplicaInUse' });
  expect(deleted).toEqual([]);
});
