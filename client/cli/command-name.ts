import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** How this program is called on this machine: by npx where there is one. */
export function commandName(env: NodeJS.ProcessEnv = process.env): string {
  if (env.RUNBOOK_COMMAND) return env.RUNBOOK_COMMAND;
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.some((folder) => isExecutable(join(folder, 'npx'))) ? 'npx runbook' : './runbook';
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
