/** What clients noticed, way by way. Pure. */
import Table from 'cli-table3';
import { plain } from '../cli/plain-table';
import type { Noticed } from './noticed';
import type { Way } from './ways';

export interface Row {
  way: Pick<Way, 'what' | 'how' | 'needs' | 'promises'>;
  noticed: Noticed;
}

const head = [
  '',
  'HTTP requests',
  'failed',
  'longest stall',
  'SQL rows',
  'failed',
  'longest stall',
  'lost',
  'twice',
  'took',
];

export function comparisonTable(rows: Row[]): string {
  const parts = [...new Set(rows.map(({ way }) => way.what))].flatMap((what) => {
    const drawn = new Table({ head: [what, ...head.slice(1)], style: { head: [], border: [] }, chars: plain });
    drawn.push(...rows.filter(({ way }) => way.what === what).map(cells));
    return [drawn.toString(), ''];
  });
  return [...parts, 'What it takes to be allowed to:', ...needs(rows)].join('\n');
}

/** Each right once, with who needs it. */
function needs(rows: Row[]): string[] {
  const all = new Map<string, string[]>();
  for (const { way } of rows) all.set(way.needs, [...(all.get(way.needs) ?? []), way.how]);
  return [...all].map(([right, hows]) => `  ${hows.join('; ')}: ${right}`);
}

/** What a way has promised and not kept. */
export function broken(rows: Row[]): string[] {
  return rows.flatMap(({ way, noticed: { http, sql } }) => {
    const { lost, duplicated, failed } = sql;
    return [
      ...(way.promises && lost + duplicated > 0 ? [`${way.how}: ${lost} rows lost, ${duplicated} there twice`] : []),
      ...(way.promises === 'nothing fails' && failed + http.failed > 0
        ? [`${way.how}: ${http.failed} requests over HTTP and ${failed} over SQL failed`]
        : []),
    ];
  });
}

function cells({ way, noticed: { http, sql, seconds } }: Row): string[] {
  const count = (value: number) => value.toLocaleString('en');
  const time = (value: number) => `${value.toFixed(1)} s`;
  return [
    ...[way.how, count(http.requests), count(http.failed), time(http.longestStallSeconds)],
    ...[count(sql.requests), count(sql.failed), time(sql.longestStallSeconds)],
    ...[count(sql.lost), count(sql.duplicated), time(seconds)],
  ];
}
