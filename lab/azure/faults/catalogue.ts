/** Every fault by name: what it does and what can be said about it. */
import { z } from 'zod';

const whole = z.coerce.number().int();

/** Options that every fault has. */
const common = {
  /** Only this server's or cache's requests and operations; all of them where it is not given. */
  server: z.string().optional(),
  /** Hits after which it disarms itself; `null` or "all": none. */
  count: z.preprocess((given) => (given === 'all' ? null : given), z.union([z.null(), whole.min(1)])).optional(),
  /** Occasions that are let pass first. */
  after: whole.min(0).default(0),
};

const requests = {
  ...common,
  /** Which requests. */
  on: z.enum(['any', 'read', 'mutation', 'poll']).default('any'),
};

export interface FaultDefinition {
  name: string;
  description: string;
  options: z.ZodObject;
  /** Hits after which it disarms itself, unless told otherwise; null: it stays until cleared. */
  count: number | null;
}

const fault = (
  name: string,
  description: string,
  count: number | null,
  options: z.ZodRawShape = common,
): FaultDefinition => ({
  name,
  description,
  count,
  options: z.strictObject(options),
});

export const faultDefinitions = [
  fault('throttle', '429 with Retry-After, as when the subscription asks too often', 3, {
    ...requests,
    seconds: whole.min(1).default(5),
  }),
  fault('server-error', '500 InternalServerError instead of an answer', 1, requests),
  fault('unavailable', '503 with an HTML page instead of JSON', 1, requests),
  fault('conflict', '409 for a mutation, at once', 1),
  fault('foreign-operation', 'somebody else keeps the server Updating for some seconds', 1, {
    ...common,
    server: z.string(),
    seconds: z.coerce.number().positive().default(30),
  }),
  fault(
    'upgrade-fails',
    'a change of size ends Failed; what is left is the old size, the new one, or PostgreSQL on the new and ARM on the old one (mixed)',
    1,
    {
      ...common,
      properties: z.enum(['old', 'new', 'mixed']).default('old'),
    },
  ),
  fault('operation-hangs', 'an operation never ends, its server stays Updating, until the fault is cleared', 1),
  fault('operation-canceled', 'an operation ends Canceled (OperationPreempted) before it did anything', 1),
  fault(
    'still-busy',
    'for some seconds after an operation on the server has ended, the next one is refused as busy',
    1,
    {
      ...common,
      seconds: z.coerce.number().positive().default(3),
    },
  ),
  fault('lost-response', 'a mutation is accepted, then the connection is dropped without a reply', 1),
  fault('stale-read', 'after an accepted PATCH, GET of the server shows Ready and the old values for some seconds', 1, {
    ...common,
    seconds: z.coerce.number().positive().default(3),
  }),
  fault(
    'undo-refused',
    'the nth change of size of the server from now on is refused (the 2nd by default: the way back)',
    1,
    {
      ...common,
      nth: whole.min(1).default(2),
    },
  ),
  fault('huge-reply', 'GET of a server answers with three megabytes', 1),
  fault('backup-too-old', 'automated backups look older by some hours', null, {
    ...common,
    hours: z.coerce.number().positive().default(48),
  }),
  fault('backup-missing', 'the server lists no backup and no earliestRestoreDate', null),
  fault('sku-unavailable', 'a size is not in capabilities, and refused', null, { ...common, sku: z.string() }),
  fault(
    'replica-lags',
    'a replica streams and applies nothing (by: delay, or pause: its replay is paused) until the fault is cleared; of a primary, the next one that is made',
    1,
    { ...common, server: z.string(), by: z.enum(['delay', 'pause']).default('delay') },
  ),
  fault(
    'replica-diverges',
    "a replica is promoted behind Azure's back and goes its own way; of a primary, the next one that is made",
    1,
    { ...common, server: z.string() },
  ),
  fault('poll-not-found', '404 while an operation is polled', 1),
  fault('poll-error', '500 while an operation is polled', 1),
] as const satisfies FaultDefinition[];

export type FaultName =
  | 'throttle'
  | 'server-error'
  | 'unavailable'
  | 'conflict'
  | 'foreign-operation'
  | 'upgrade-fails'
  | 'operation-hangs'
  | 'operation-canceled'
  | 'still-busy'
  | 'huge-reply'
  | 'lost-response'
  | 'stale-read'
  | 'undo-refused'
  | 'backup-too-old'
  | 'backup-missing'
  | 'sku-unavailable'
  | 'replica-lags'
  | 'replica-diverges'
  | 'poll-not-found'
  | 'poll-error';

/** Throws with the names there are when this is none. */
export function faultDefinition(name: string): FaultDefinition {
  const found = faultDefinitions.find((definition) => definition.name === name);
  if (!found) {
    const names = faultDefinitions.map((definition) => definition.name).join(', ');
    throw new Error(`there is no fault "${name}"; faults of Azure: ${names}`);
  }
  return found;
}
