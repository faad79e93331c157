/** The console's tables in Prometheus' text format. */
import { metricsText } from '../../../../activities/pgbouncer/metrics';

test('no answer', () => expect(metricsText(undefined)).toBe('# TYPE pgbouncer_up gauge\npgbouncer_up 0\n'));

test('tables; what a version does not show is left out; labels are escaped', () => {
  const text = metricsText({
    pools: [
      { database: 'shop', user: 'a"b\\', cl_active: '3', cl_waiting: '0', maxwait: '1' },
      { database: 'pgbouncer', user: 'pgbouncer', cl_active: '1', cl_waiting: '0', maxwait: '0' },
    ],
    databases: [{ name: 'shop', database: 'shop', pool_size: '25', paused: null }],
    stats: [{ database: 'shop', total_xact_count: '12', total_wait_time: '2500000' }],
  });
  expect(text).toBe(`# TYPE pgbouncer_up gauge
pgbouncer_up 1
# TYPE pgbouncer_pools_client_active_connections gauge
pgbouncer_pools_client_active_connections{database="shop",user="a\\"b\\\\"} 3
pgbouncer_pools_client_active_connections{database="pgbouncer",user="pgbouncer"} 1
# TYPE pgbouncer_pools_client_waiting_connections gauge
pgbouncer_pools_client_waiting_connections{database="shop",user="a\\"b\\\\"} 0
pgbouncer_pools_client_waiting_connections{database="pgbouncer",user="pgbouncer"} 0
# TYPE pgbouncer_pools_client_maxwait_seconds gauge
pgbouncer_pools_client_maxwait_seconds{database="shop",user="a\\"b\\\\"} 1
pgbouncer_pools_client_maxwait_seconds{database="pgbouncer",user="pgbouncer"} 0
# TYPE pgbouncer_databases_pool_size gauge
pgbouncer_databases_pool_size{name="shop",database="shop"} 25
# TYPE pgbouncer_stats_sql_transactions_pooled_total counter
pgbouncer_stats_sql_transactions_pooled_total{database="shop"} 12
# TYPE pgbouncer_stats_client_wait_seconds_total counter
pgbouncer_stats_client_wait_seconds_total{database="shop"} 2.5
`);
});
