/**
 * The operating system's account that PostgreSQL runs under: `nobody` where we are root (PostgreSQL refuses root),
 * ourselves otherwise.
 */
import { readFileSync } from 'node:fs';
import { chown } from 'node:fs/promises';

export interface Account {
  uid: number;
  gid: number;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

let nobody: Account | undefined;

/** Undefined means: no change of account. Throws when we are root and there is no account `nobody`. */
export function serverAccount(): Account | undefined {
  if (!isRoot()) return undefined;
  nobody ??= findAccount('nobody', readFileSync('/etc/passwd', 'utf8'));
  return nobody;
}

/** Hands a file or folder to the account that PostgreSQL runs under. */
export async function own(path: string): Promise<void> {
  const account = serverAccount();
  if (account) await chown(path, account.uid, account.gid);
}

function findAccount(name: string, passwd: string): Account {
  const line = passwd.split('\n').find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (!uid || !gid) {
    throw new Error(`PostgreSQL does not run as root, and /etc/passwd has no account "${name}" to run it as: add one`);
  }
  return { uid: Number(uid), gid: Number(gid) };
}
