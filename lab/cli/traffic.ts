/** `lab traffic report` in words. */
import type { TrafficReport } from '../traffic/traffic';
import { age } from './output';

export function showReport(report: TrafficReport): string {
  const { acknowledged, lost, duplicated, unacknowledged, ofUnflushed } = report;
  const sound = lost === 0 && duplicated === 0;
  return [
    `${report.clients} clients, ${report.rate} rows/s, ${report.running ? 'running' : 'stopped'}; began ${age(report.startedAt)} ago`,
    `requests      ${report.requests}, ${report.failed} failed, longest stall ${report.longestStallSeconds.toFixed(2)} s`,
    ...Object.entries(report.reasons).map(([reason, times]) => `              ${times} × ${reason}`),
    `acknowledged  ${acknowledged} rows: ${sound ? 'each is there, exactly once' : `${lost} LOST, ${duplicated} more than once`}`,
    ...report.lostRows.map((row) => `              lost: ${row}`),
    ...(ofUnflushed.acknowledged > 0
      ? [`              ${ofUnflushed.acknowledged} of them with synchronous_commit off: ${ofUnflushed.lost} lost`]
      : []),
    ...(unacknowledged > 0 ? [`              ${unacknowledged} more are there whose clients got no answer`] : []),
  ].join('\n');
}
