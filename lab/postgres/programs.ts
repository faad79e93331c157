/** PostgreSQL's programs, and running one of them to its end. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serverAccount } from '../account';
import { cacheFolder } from '../cache';

/** The major version that Azure gives a new server by default. */
export const majorVersion = 17;

export function postgresProgram(name: 'postgres' | 'initdb' | 'pg_ctl'): string {
  const path = join(cacheFolder(), 'postgresql', String(majorVersion), 'bin', name);
  if (!existsSync(path)) throw new Error(`PostgreSQL ${majorVersion} is not set up (no ${path}): run \`make setup\``);
  return path;
}

/** Runs one of them under PostgreSQL's account. Throws with its own words when it fails. */
export function runPostgresProgram(name: 'postgres' | 'initdb', args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      postgresProgram(name),
      args,
      { ...serverAccount(), cwd: '/', env: serverEnvironment() },
      (error, out, err) => {
        if (error) reject(new Error(`${name} failed: ${(err || out || error.message).trim()}`));
        else resolve(out.trim());
      },
    );
  });
}

/** Nothing of our own environment reaches a server: PGDATA, PGOPTIONS or a locale would change what it does. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}
