/** What the Redis client throws → failure type, and reading INFO. */
import {
  ClientOfflineError,
  ConnectionTimeoutError,
  DisconnectsClientError,
  RootNodesUnavailableError,
  SocketClosedUnexpectedlyError,
  TimeoutError,
} from 'redis';
import { redisProblem } from '../../../../activities/redis/failures';
import { readingOf } from '../../../../activities/redis/info';

test.each([
  [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'CacheUnreachable'],
  [new SocketClosedUnexpectedlyError(), 'CacheUnreachable'],
  [new ConnectionTimeoutError(), 'CacheUnreachable'],
  [new ClientOfflineError(), 'CacheUnreachable'],
  [new DisconnectsClientError(), 'CacheUnreachable'],
  [new RootNodesUnavailableError(), 'CacheUnreachable'],
  [new Error('LOADING Redis is loading the dataset in memory'), 'CacheUnreachable'],
  [new Error('WRONGPASS invalid username-password pair'), 'CacheLoginRejected'],
  [new Error('NOAUTH Authentication required.'), 'CacheLoginRejected'],
  [new Error('CLUSTERDOWN The cluster is down'), 'CacheUnreachable'],
  [new Error('TRYAGAIN Multiple keys request during rehashing of slot'), 'CacheUnreachable'],
  [new Error("READONLY You can't write against a read only replica."), 'CacheUnreachable'],
  [Object.assign(new Error('self-signed'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }), 'CertificateRejected'],
  [new Error('ERR max number of clients reached'), 'CacheUnreachable'],
  [new Error('ERR max number of clients + cluster connections reached'), 'CacheUnreachable'],
  [new Error('ERR unknown command'), undefined],
  ['no error', undefined],
])('%s', (error, expected) => {
  expect(redisProblem(error)?.type).toBe(expected);
});

test('a command that the client gave up has no message of its own', () => {
  expect(redisProblem(new TimeoutError())).toEqual({
    ...{ type: 'CacheUnreachable', message: 'Redis does not answer: TimeoutError' },
  });
});

test('no access key is in a message', () => {
  expect(redisProblem(new Error('WRONGPASS secret-key'))?.message).not.toContain('secret-key');
  const quoted = "ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 'secret-key'";
  expect(redisProblem(new Error(quoted))?.message).toBe("Redis: ERR unknown command 'HELLO'");
});

test('INFO', () => {
  const info = 'run_id:abc\r\nused_memory:10\r\nused_memory_human:10B\r\nmaxmemory:20\r\nmaxmemory_human:20B\r\n';
  expect(readingOf(`${info}connected_clients:3\r\nevicted_keys:4\r\nkeyspace_hits:5\r\nkeyspace_misses:6\r\n`)).toEqual(
    {
      ...{ runId: 'abc', usedMemoryBytes: 10, maxMemoryBytes: 20, clients: 3, evictedKeys: 4, hits: 5, misses: 6 },
    },
  );
});
