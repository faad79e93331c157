import { userInfo } from 'node:os';
import { identity } from '../../catalogue';
import { Problem } from '../problem';

/**
 * Who speaks: `--as`, else `RUNBOOK_IDENTITY`, else the operating system's user. Declared, not proven.
 * Throws `BadUsage` when that is no identity.
 */
export function whoSpeaks(as: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  const given = as ?? (env.RUNBOOK_IDENTITY || systemUser());
  const parsed = identity.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Problem('BadUsage', `"${(given ?? '').slice(0, 60)}" cannot say who you are`, {
    remedy: 'give --as (or RUNBOOK_IDENTITY) an e-mail address or account name of at most 100 characters',
  });
}

function systemUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in the system's list, as in many containers.
    return undefined;
  }
}
