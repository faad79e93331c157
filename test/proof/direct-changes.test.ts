/** Goal: what a worker changes past Azure and the API server is told from what it only asks. Method: tables of what runbooks send. */
import { isDirectChange, isLeaseChange } from './harness/direct-changes';

test.each([
  ['PAUSE "broxiva"', true],
  ['RELOAD', true],
  ['RESUME', true],
  ['ALTER ROLE "app" NOLOGIN; ALTER ROLE "job" NOLOGIN', true],
  ['SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity', true],
  ["BEGIN; SET LOCAL synchronous_commit = on; SELECT pg_logical_emit_message(true, 'x', 'fence'); COMMIT", true],
  ['SHOW DATABASES', false],
  ['SELECT pg_is_in_recovery() AS recovery', false],
  ['CREATE TEMPORARY TABLE durable_runbooks_passage (number int) ON COMMIT DROP', false],
])('%s: %s', (statement, changes) => {
  expect(isDirectChange(statement)).toBe(changes);
});

test.each([
  ['PUT', '/lease', true],
  ['GET', '/lease', false],
  ['PUT', '/apis/apps/v1/namespaces/shop/deployments/web/scale', false],
])('%s %s: %s', (method, path, changes) => {
  expect(isLeaseChange({ method, path })).toBe(changes);
});
