import { z } from 'zod';

/**
 * What every runbook's input has. All limits on lengths are ours: they keep a run's history readable and far below
 * Temporal's 2 MiB a payload.
 */

/** Who asks or answers: an e-mail address or an account's name. Declared, not proven: there is no sign-in yet. */
export const identity = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@+\\/-]{0,99}$/, 'an e-mail address or account name of at most 100 characters');

/** Name of an Azure resource: 3–63 lower-case letters, digits and hyphens (Azure's naming rules, DBforPostgreSQL). */
export const resourceName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]$/, '3 to 63 lower-case letters, digits and hyphens; no wildcards');

export const clientBudget = z.strictObject({
  failedRequests: z.int().min(0).max(1_000_000).default(200),
  longestStallSeconds: z.number().min(0).max(3600).default(60),
});

/** Windows and deadlines. The defaults are production's; rehearsals use shorter ones. */
export const timing = z.strictObject({
  /** How long the changed system is watched before the run says that it succeeded. */
  soakSeconds: z.int().min(0).max(86_400).default(60),
  /** A change of Azure's that takes longer than this is put before an operator. */
  operationTimeoutSeconds: z.int().min(2).max(86_400).default(7_200),
  /** A verification that does not pass within this fails its step. */
  verificationTimeoutSeconds: z.int().min(2).max(86_400).default(900),
  /** No answer within this denies the plan; an approval is good for as long, until the targets are locked. */
  approvalTimeoutSeconds: z.int().min(1).max(604_800).default(14_400),
});
export type Timing = z.infer<typeof timing>;

export const runInput = z.strictObject({
  dryRun: z.boolean().default(false),
  /** `policy`: as the topology says. `required`: ask in any case. There is no way to ask for less. */
  approval: z.enum(['policy', 'required']).default('policy'),
  /** What to do when another run holds a target. */
  onBusy: z.enum(['refuse', 'wait']).default('refuse'),
  /** Only perform the plan with this hash; refuse any other. */
  planHash: z
    .string()
    .regex(/^[0-9a-f]{6,12}$/, 'the first 6 to 12 hexadecimal digits of a plan')
    .optional(),
  clientBudget: clientBudget.default(clientBudget.parse({})),
  timing: timing.default(timing.parse({})),
  reason: z.string().trim().max(500).default(''),
  requestedBy: identity,
});
export type RunInput = z.infer<typeof runInput>;

/** Input fields that say how to run, not what to do: they are not part of a plan's hash. */
export const fieldsOutsideHash = ['dryRun', 'planHash', 'reason', 'requestedBy', 'onBusy'] as const;
