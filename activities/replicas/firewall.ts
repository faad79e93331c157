/**
 * Firewall rules of the source, as they were planned, on its replica as well: Azure gives a replica none, and without them neither this
 * worker nor a reader reaches it. Other rules of the replica are left alone.
 */
import type { Change } from '../azure/change';
import type { FirewallRule, FlexibleServer, FlexibleServers } from '../azure/flexible-servers';
import type { RequestIdentity } from '../request-identity';

type Servers = Pick<FlexibleServers, 'readFirewallRules' | 'changeFirewallRule'>;

/** Of those that are wanted. */
export async function missingRules(
  replica: string,
  wanted: FirewallRule[],
  servers: Pick<FlexibleServers, 'readFirewallRules'>,
): Promise<FirewallRule[]> {
  const there = await servers.readFirewallRules(replica);
  return wanted.filter((rule) => !there.some((one) => isSame(one, rule)));
}

/** One that is sent again where its answer was lost changes nothing. */
export function letting(
  replica: string,
  rules: FirewallRule[],
  servers: Servers,
  identity: RequestIdentity,
): Change<FlexibleServer>[] {
  return rules.map((rule) => ({
    name: `firewall rule ${rule.name}`,
    isThere: async () => (await missingRules(replica, [rule], servers)).length === 0,
    send: (accepted) => servers.changeFirewallRule(replica, rule, { identity, accepted }),
  }));
}

/** Azure's names of rules are not case-sensitive. */
function isSame(one: FirewallRule, other: FirewallRule): boolean {
  return (
    one.name.toLowerCase() === other.name.toLowerCase() &&
    one.startIpAddress === other.startIpAddress &&
    one.endIpAddress === other.endIpAddress
  );
}
