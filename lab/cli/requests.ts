/** `lab requests`: one line a request, Azure Resource Manager's and the cluster's in the order of their time. */
import type { Command } from 'commander';
import type { LoggedRequest } from '../azure';
import { askDaemon } from '../control-client';
import { type ClusterMutation, readAuditLog } from '../kubernetes/audit/audit-log';
import { ClusterLayout } from '../kubernetes/layout';
import type { Lab } from '../lab';
import { printJson } from './output';

export type AnyRequest = ({ api: 'azure' } & LoggedRequest) | ({ api: 'kubernetes' } & ClusterMutation);

export function addRequestsCommand(program: Command, theLab: () => Lab): void {
  program
    .command('requests')
    .description('what Azure Resource Manager and the cluster were asked to change, and how they answered')
    .option('--all', "Azure's reads as well")
    .action(async ({ all }: { all?: boolean }) => {
      const lab = theLab();
      const azure = await askDaemon<LoggedRequest[]>(lab, 'GET', '/requests');
      const requests = inTime([
        ...azure.filter(({ method }) => all || method !== 'GET').map((one) => ({ api: 'azure' as const, ...one })),
        ...mutations(lab).map((one) => ({ api: 'kubernetes' as const, ...one })),
      ]);
      if (program.opts<{ json?: boolean }>().json) printJson(requests);
      else console.log(requests.length === 0 ? 'no requests' : requests.map(show).join('\n'));
    });
}

function mutations(lab: Lab): ClusterMutation[] {
  return lab.configuration.kubernetes ? readAuditLog(new ClusterLayout(lab)) : [];
}

function inTime(requests: AnyRequest[]): AnyRequest[] {
  return requests.toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

function show(request: AnyRequest): string {
  const words = request.api === 'azure' ? azureWords(request) : clusterWords(request);
  return [request.at.slice(11, 23), request.method.padEnd(6), ...words].join('  ');
}

/** The status, and how the operation that it began has ended. */
function azureWords(request: LoggedRequest): string[] {
  const { status, errorCode, operationStatus, operationError, fault, path } = request;
  const details = [errorCode, operationStatus, operationError, fault && `fault ${fault}`].filter(Boolean);
  return [`${status || '-'} ${details.join(' ')}`.padEnd(16), path.replace(/^.*\/flexibleServers\//i, '')];
}

/** What was changed; whose it is where it is no run's. */
function clusterWords(mutation: ClusterMutation): string[] {
  const { status, reason = '', resource, namespace, name, dryRun, run, userAgent } = mutation;
  const target = [resource, namespace, name].filter(Boolean).join(' ');
  return [
    `${status || '-'} ${reason}`.padEnd(16),
    `${target}${dryRun ? ' (dry run)' : ''}${run ? '' : `   by ${userAgent.split(' ')[0]}`}`,
  ];
}
