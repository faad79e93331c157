/** The topology that a player's worker has: the production's own, with what of it is the player's. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { repository } from './code';

interface Own {
  /** Default of every runbook's server; the production's where absent. */
  primary?: string;
  /** Absent where no Deployment is a case's. */
  kubernetes?: object;
}

export async function writeTopology(file: string, { primary, kubernetes }: Own): Promise<void> {
  const text = await readFile(join(repository, 'config', 'production.yaml'), 'utf8');
  const { postgres, kubernetes: _production, ...rest } = parse(text) as Record<'postgres' | 'kubernetes', object>;
  const own = { ...rest, postgres: { ...postgres, ...(primary && { primary }) }, ...(kubernetes && { kubernetes }) };
  await writeFile(file, stringify(own));
}
