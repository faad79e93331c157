/** The demo's last lines: what happened, as a table. */
import { isDeepStrictEqual } from 'node:util';
import Table from 'cli-table3';
import { type ClientMeasurement, duration, type StepProgress } from '../../catalogue';
import { countChanges, describe, shortSku, type Evidence } from './verdict';

const width = 100;

export function summaryTable({ report, traffic, url, skuChanges, before, after }: Evidence): string {
  const { clients, clientBudget: budget } = report;
  const { failed, requests, longestStallSeconds, acknowledged, lost, duplicated } = traffic;
  const rows: [string, string][] = [
    ['outcome', `${report.outcome} in ${duration(seconds(report.startedAt, report.endedAt))}`],
    ['steps', columns(report.steps.map(stepCells)) || 'none'],
    [
      'failed requests',
      against(
        budget && count(budget.failedRequests),
        `${count(failed)} of ${count(requests)} by the ledger's clients`,
        clients && `${count(clients.failedRequests)} of ${count(clients.requests)} by the run's probe`,
      ),
    ],
    [
      'longest stall',
      against(
        budget && `${budget.longestStallSeconds} s`,
        `${longestStallSeconds.toFixed(1)} s for the ledger's clients`,
        clients && `${clients.longestStallSeconds.toFixed(1)} s for the run's probe${unmeasured(clients)}`,
      ),
    ],
    ['ledger', `${count(acknowledged)} rows acknowledged, ${count(lost)} lost, ${count(duplicated)} there twice`],
    [
      isDeepStrictEqual(before, after) ? 'servers as before' : 'servers now',
      columns(after.map((server) => [server.name, describe(server)])),
    ],
    [
      'sizes asked for',
      columns(
        countChanges(skuChanges).map(({ server, sku, times }) => [server, `${shortSku(sku)}: ${patches(times)}`]),
      ) || 'none',
    ],
    ['Temporal history', `${count(report.historyEvents)} events`],
    ['Temporal UI', url],
  ];
  const rule = '─'.repeat(width);
  return [rule, columns(rows), rule].join('\n');
}

const icons: Partial<Record<StepProgress['state'], string>> = {
  done: '✓',
  undone: '↩',
  failed: '✗',
  'undo failed': '✗',
};

function stepCells({ name, from, to, state, startedAt, endedAt }: StepProgress): string[] {
  const time = startedAt && endedAt ? ` in ${duration(seconds(startedAt, endedAt))}` : '';
  return [`${icons[state] ?? '·'} ${name}`, `${state}${time}`, `${from} → ${to}`];
}

function patches(times: number): string {
  return `${times} accepted ${times === 1 ? 'PATCH' : 'PATCHes'} in Azure's log`;
}

function against(budget: string | undefined, ...measured: (string | undefined)[]): string {
  return [measured.filter(Boolean).join(', '), budget && `of ${budget} allowed`].filter(Boolean).join('; ');
}

function unmeasured({ unmeasuredSeconds }: ClientMeasurement): string {
  return unmeasuredSeconds > 0 ? ` (which was down for ${duration(unmeasuredSeconds)})` : '';
}

function seconds(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

/** No lines between the columns: a link stays in one piece when it is copied. */
function columns(rows: string[][]): string {
  const none = { 'left-mid': '', mid: '', 'mid-mid': '', 'right-mid': '', left: '', right: '', middle: '  ' };
  const edges = ['top', 'bottom'].flatMap((edge) => ['', '-mid', '-left', '-right'].map((part) => [edge + part, '']));
  const table = new Table({
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    chars: { ...none, ...(Object.fromEntries(edges) as Record<string, string>) },
  });
  table.push(...rows);
  return rows.length === 0 ? '' : table.toString().replaceAll(/ +$/gm, '');
}
