/** Goal: what changes a Redis server is told from what only asks it. Method: a table of the commands that runbooks send. */
import { redisRequestOf } from './harness/redis-requests';

test.each([
  ['CLUSTER MEET 10.0.0.1 6379', 'redisChange'],
  ['CLUSTER SETSLOT 7 NODE abc', 'redisChange'],
  ['cluster migrateslots SLOTSRANGE 0 5 NODE abc', 'redisChange'],
  ['FUNCTION RESTORE dump FLUSH', 'redisChange'],
  ['FUNCTION LIST WITHCODE', 'redisRead'],
  ['SET key value', 'redisChange'],
  ['CONFIG SET maxmemory 1', 'redisChange'],
  ['CONFIG GET maxmemory', 'redisRead'],
  ['CLUSTER NODES', 'redisRead'],
  ['INFO', 'redisRead'],
  ['GET key', 'redisRead'],
])('%s counts as %s', (command, request) => {
  expect(redisRequestOf(command.split(' '))).toBe(request);
});
