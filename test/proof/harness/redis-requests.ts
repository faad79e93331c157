/**
 * What a worker asks Redis, told to the proof as it is sent: the client library announces each command on a channel of Node's own
 * (node:diagnostics_channel), so that nothing stands between a node of a cluster and whoever speaks to it.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
import type { Counts } from './case';

/** A change, or anything else, by the name under which the proof counts it. */
export type RedisRequest = Extract<keyof Counts, `redis${string}`>;

/** Of the worker's process: beside its input, output and errors. */
export const redisDescriptor = 3;

const letters: Record<RedisRequest, string> = { redisChange: 'c', redisRead: 'r' };

/** Words of two parts are commands with subcommands. */
const changes = new Set([
  ...['SET', 'DEL', 'UNLINK', 'MIGRATE', 'RESTORE', 'PEXPIRE', 'FLUSHALL', 'FAILOVER', 'CONFIG SET', 'CONFIG REWRITE'],
  ...['CLUSTER MEET', 'CLUSTER FORGET', 'CLUSTER RESET', 'CLUSTER REPLICATE', 'CLUSTER FAILOVER', 'CLUSTER SETSLOT'],
  ...['CLUSTER ADDSLOTS', 'CLUSTER ADDSLOTSRANGE', 'CLUSTER DELSLOTS', 'CLUSTER DELSLOTSRANGE'],
  ...['CLUSTER MIGRATESLOTS', 'CLUSTER CANCELSLOTMIGRATIONS', 'FUNCTION RESTORE'],
]);

/** Pure. */
export function redisRequestOf([command = '', subcommand = '']: readonly unknown[]): RedisRequest {
  const words = [String(command), String(subcommand)].map((word) => word.toUpperCase());
  return changes.has(words[0]!) || changes.has(words.join(' ')) ? 'redisChange' : 'redisRead';
}

/**
 * In the worker. Written before the commands are, which the client sends in the next round of the event loop: a worker that dies of
 * it has not waited for the answer. Those that are asked for at once are told at once: the socket takes some hundred writes, however
 * short, and whoever writes more stands still until the proof, which plays other cases too, has read them.
 */
export function tellRedisRequests(): void {
  let untold = '';
  const tell = () => {
    writeSync(redisDescriptor, untold);
    untold = '';
  };
  subscribe('tracing:node-redis:command:start', (message) => {
    if (untold === '') queueMicrotask(tell);
    untold += letters[redisRequestOf((message as { args: readonly unknown[] }).args)];
  });
}

/** In the proof. */
export function redisRequestsIn(told: string): RedisRequest[] {
  return [...told].map((letter) => (letter === letters.redisChange ? 'redisChange' : 'redisRead'));
}
