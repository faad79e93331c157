/** Server parameters that somebody has set on the source, on its replica as well: Azure is not relied on for that. */
import type { Change } from '../azure/change';
import type { DescribedParameter, FlexibleServer, FlexibleServers } from '../azure/flexible-servers';
import { parameterChange } from '../database/changes';
import type { RequestIdentity } from '../request-identity';

/** Pure. Of those that Azure lets one set: what the replica has otherwise. */
export function toCarry(
  source: DescribedParameter[],
  replica: DescribedParameter[],
): { name: string; value: string }[] {
  const there = new Map(replica.map(({ name, value }) => [name, value]));
  return source
    .filter(
      ({ source: by, isReadOnly, name, value }) => by === 'user-override' && !isReadOnly && there.get(name) !== value,
    )
    .map(({ name, value }) => ({ name, value }));
}

/** And a restart where one of them waits for it: nobody is on the replica yet. */
export function carrying(
  replica: string,
  missing: { name: string; value: string }[],
  servers: FlexibleServers,
  identity: RequestIdentity,
): Change<FlexibleServer>[] {
  const restart: Change<FlexibleServer> = {
    name: 'restart',
    isThere: async () => !(await servers.readParameters(replica)).some(({ pendingRestart }) => pendingRestart),
    send: (accepted) => servers.restart(replica, { identity, accepted }),
  };
  return [
    ...missing.map(({ name, value }) => parameterChange(replica, [name, value], servers, identity)),
    // Also where none is missing any more: whoever has set the last one may have died before it.
    restart,
  ];
}
