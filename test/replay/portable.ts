/**
 * A history as it may be kept in the repository: the same decisions, and nothing of the machine or the moment's secrets. Pure.
 * Temporal asks none of what is left out when it replays: who carried out a task, and where a failure was thrown.
 */
import { temporal } from '@temporalio/proto';

const { History } = temporal.api.history.v1;
type History = temporal.api.history.v1.IHistory;

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/**
 * By the generated code's own form of objects, enumerations and 64-bit numbers as text, bytes in base64: the SDK's
 * `historyToJSON` fails ("type must be a Type") where its packages have a copy of protobufjs each, as they have here.
 */
export function toPortable(history: History): Json {
  const plain = History.toObject(History.fromObject(history), { enums: String, longs: String, bytes: String });
  return withoutOwner(plain);
}

export function fromPortable(json: Json): History {
  return History.fromObject(json as object);
}

function withoutOwner(history: Json): Json {
  if (Array.isArray(history)) return history.map(withoutOwner);
  // A worker's own name: process and host, also before the name of its own task queue.
  if (typeof history === 'string') return history.replace(/^\d+@[^-]+/, 'someone');
  if (typeof history !== 'object' || history === null) return history;
  return Object.fromEntries(
    Object.entries(history).flatMap(([key, value]): [string, Json][] => {
      if (key === 'stackTrace') return [];
      return [[key, key === 'identity' ? 'someone' : withoutOwner(value)]];
    }),
  );
}

/** Everything that stands in a history, payloads decoded: for looking for what must not stand there. */
export function textOf(history: Json): string {
  if (Array.isArray(history)) return history.map(textOf).join('\n');
  if (typeof history !== 'object' || history === null) return String(history);
  return Object.entries(history)
    .map(([key, value]) =>
      key === 'data' && typeof value === 'string'
        ? Buffer.from(value, 'base64').toString('utf8')
        : `${key} ${textOf(value)}`,
    )
    .join('\n');
}
