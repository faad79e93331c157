/** What `lab up` says when everything is ready. */
import { ClusterLayout, productionNamespace } from '../kubernetes/layout';
import type { Lab } from '../lab';
import { production } from '../lab';
import { labCommand, runbookCommand } from './output';

export function welcome(lab: Lab): string {
  const { configuration: made } = lab;
  const option = lab.name === 'default' ? '' : ` --name ${lab.name}`;
  const replicas = made.replicas === 0 ? 'no replica' : made.replicas === 1 ? '1 replica' : `${made.replicas} replicas`;
  const cluster = made.kubernetes ? new ClusterLayout(lab) : undefined;
  const commands = [
    [`eval "$(${labCommand}${option} env)"`, 'makes this shell reach it'],
    [`${runbookCommand} list`, 'what can be done with it'],
    [`${labCommand}${option} traffic start`, 'clients that write, and notice everything'],
    ...(cluster ? ([[`${labCommand}${option} kubectl get pods -n ${productionNamespace}`, 'its pods']] as const) : []),
    [`${labCommand}${option} status`, 'what runs'],
    [`${labCommand}${option} down`, 'ends it all'],
  ] as const;
  const width = Math.max(...commands.map(([command]) => command.length));
  return `
Your production is up: ${production.primary} (${production.sku}, ${production.storageGb} GiB, ${replicas}) in ${production.resourceGroup}.

  Temporal UI   ${lab.temporalUi}
  Temporal      ${lab.temporalAddress}
  Azure (ARM)   ${lab.resourceManager}   Azure's times ÷ ${made.timeFactor}, memory ÷ ${made.memoryFactor}${cluster ? `\n  Kubernetes    ${cluster.apiServer}   3 nodes, namespace ${productionNamespace}` : ''}

${commands.map(([command, what]) => `  ${command.padEnd(width)}   ${what}`).join('\n')}
`;
}
