/**
 * What the console shows as Prometheus' text format, under the names that Prometheus' own exporter of PgBouncer gives
 * (github.com/prometheus-community/pgbouncer_exporter), so that its dashboards and alerts fit. Pure, table-tested.
 */
import type { Row } from './console';

interface Metric {
  column: string;
  name: string;
  type: 'gauge' | 'counter';
  /** What a value is multiplied by: times are in microseconds. */
  factor?: number;
}

const gauges = (columns: Record<string, string>): Metric[] =>
  Object.entries(columns).map(([column, name]) => ({ column, name: `pgbouncer_${name}`, type: 'gauge' }));

const pools = gauges({
  ...{ cl_active: 'pools_client_active_connections', cl_waiting: 'pools_client_waiting_connections' },
  ...{ sv_active: 'pools_server_active_connections', sv_idle: 'pools_server_idle_connections' },
  ...{ sv_used: 'pools_server_used_connections', sv_login: 'pools_server_login_connections' },
  maxwait: 'pools_client_maxwait_seconds',
});

const databases = gauges({
  ...{ pool_size: 'databases_pool_size', current_connections: 'databases_current_connections' },
  ...{ paused: 'databases_paused', disabled: 'databases_disabled' },
});

const stats: Metric[] = [
  { column: 'total_xact_count', name: 'pgbouncer_stats_sql_transactions_pooled_total', type: 'counter' },
  { column: 'total_query_count', name: 'pgbouncer_stats_queries_pooled_total', type: 'counter' },
  { column: 'total_received', name: 'pgbouncer_stats_received_bytes_total', type: 'counter' },
  { column: 'total_sent', name: 'pgbouncer_stats_sent_bytes_total', type: 'counter' },
  { column: 'total_wait_time', name: 'pgbouncer_stats_client_wait_seconds_total', type: 'counter', factor: 1e-6 },
  { column: 'total_query_time', name: 'pgbouncer_stats_queries_duration_seconds_total', type: 'counter', factor: 1e-6 },
];

export interface Shown {
  pools: Row[];
  databases: Row[];
  stats: Row[];
}

/** `undefined`: the console did not answer. */
export function metricsText(shown: Shown | undefined): string {
  const lines = [...header('pgbouncer_up', 'gauge'), `pgbouncer_up ${shown ? 1 : 0}`];
  if (shown) {
    lines.push(...tableOf(pools, shown.pools, ['database', 'user']));
    lines.push(...tableOf(databases, shown.databases, ['name', 'database']));
    lines.push(...tableOf(stats, shown.stats, ['database']));
  }
  return `${lines.join('\n')}\n`;
}

function tableOf(metrics: Metric[], rows: Row[], labels: string[]): string[] {
  return metrics.flatMap(({ column, name, type, factor = 1 }) => {
    const samples = rows.flatMap((row) => {
      const value = row[column];
      if (value === undefined || value === null) return [];
      const said = labels.map((label) => `${label}="${escaped(row[label] ?? '')}"`);
      return [`${name}{${said.join(',')}} ${Number(value) * factor}`];
    });
    return samples.length > 0 ? [...header(name, type), ...samples] : [];
  });
}

function header(name: string, type: string): string[] {
  return [`# TYPE ${name} ${type}`];
}

/** prometheus.io, "Exposition formats". */
function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
