/** What every new replica needs. Pure. */
import type { Finding } from '../catalogue';
import { refuse } from './runbook/checks';

/** Azure allows so many a primary (concepts-read-replicas). */
export const replicasMax = 5;

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
