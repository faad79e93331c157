/** What every new replica needs. Pure. */
import type { FirewallRule } from '../activities/azure/flexible-servers';
import type { Finding } from '../catalogue';
import { refuse, warn } from './runbook/checks';

/** Azure allows so many a primary (concepts-read-replicas). */
export const replicasMax = 5;

/** It opens the replica's network as the source's is open: said before. */
export function warnOfRules(field: string, replica: string, rules: FirewallRule[] = []): Finding[] {
  if (rules.length === 0) return [];
  const names = rules.map(({ name }) => name).join(', ');
  return [warn('CarriedOver', field, `firewall rules, on ${replica} as well: ${names}`)];
}

/** A replica has no private endpoint, and where nothing else leads to its source nothing would lead to it. */
export function refusePrivate(
  field: string,
  { name, privateOnly }: { name: string; privateOnly?: true },
  instead: string,
): Finding[] {
  if (!privateOnly) return [];
  return [
    refuse(
      'PrivateOnly',
      field,
      `${name} is reached by private endpoints alone (publicNetworkAccess is Disabled), of which a replica has none: ${instead}`,
    ),
  ];
}

/** A replica of a server in a network of one's own is made into one as well, and which is nobody's here to choose. */
export function refuseInjected(
  field: string,
  { name, subnet }: { name: string; subnet?: string },
  instead: string,
): Finding[] {
  if (subnet === undefined) return [];
  return [
    refuse('InOwnNetwork', field, `${name} is in the subnet ${subnet}, and a replica needs one as well: ${instead}`),
  ];
}

/** `lacking`: what the owner of the database has to run. `field`: of the input, that named the primary. */
export function refuseUnmarked(field: string, { table, lacking }: { table: string; lacking: string[] }): Finding[] {
  if (lacking.length === 0) return [];
  return [
    refuse(
      'MarkersMissing',
      field,
      [
        `the administrator cannot write ${table}; as the owner of the database run:`,
        ...lacking.map((sql) => `${sql};`),
      ].join('\n'),
    ),
  ];
}
