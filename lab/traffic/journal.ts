/** What a client was told to be written: a file a client, one line a row, written before the next request is sent. */
import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export class Journal {
  private readonly file: number;

  constructor(folder: string, client: string) {
    this.file = openSync(join(folder, `${client}.journal`), 'a');
  }

  acknowledged(sequence: number): void {
    writeSync(this.file, `${sequence}\n`);
  }

  close(): void {
    closeSync(this.file);
  }
}

/** Every acknowledged row of a run, as `client/sequence`. */
export function readJournals(folder: string): Set<string> {
  const keys = new Set<string>();
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.journal'))) {
    const client = name.replace(/\.journal$/, '');
    // The last line may be half a line, if the daemon was killed: a row whose acknowledgement was not written down.
    const lines = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
    for (const line of lines) keys.add(`${client}/${line}`);
  }
  return keys;
}
