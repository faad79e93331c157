/** Folders that PostgreSQL's account must be able to enter. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { serverAccount } from '../account';

/** sockaddr_un has room for 107 bytes and a zero (unix(7)). */
const socketPathLengthMax = 107;

/** Throws when a parent of `folder` cannot be entered by the account that PostgreSQL runs under. */
export async function assertReachable(folder: string): Promise<void> {
  const account = serverAccount();
  if (!account) return;
  for (let parent = dirname(folder); parent !== dirname(parent); parent = dirname(parent)) {
    const { mode, uid } = await stat(parent);
    if (!(mode & 0o001) && uid !== account.uid) {
      throw new Error(
        `PostgreSQL runs as "nobody" here, who cannot enter ${parent}: set RUNBOOKS_CACHE to a folder that everybody can enter`,
      );
    }
  }
}

/** Throws when the server's unix socket would not fit into `folder`. */
export function assertSocketFits(folder: string, port: number): void {
  const path = `${folder}/.s.PGSQL.${port}.lock`;
  if (Buffer.byteLength(path) > socketPathLengthMax) {
    throw new Error(
      `the unix socket ${path} has ${Buffer.byteLength(path)} bytes, at most ${socketPathLengthMax} are allowed: set RUNBOOKS_CACHE to a shorter folder`,
    );
  }
}
