import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Topology } from '../catalogue';
import { topologySchema } from '../catalogue';
import { inputProblems } from '../catalogue';
import { Problem } from './problem';
import { whyUnreadable } from './unreadable';

/** `RUNBOOK_TOPOLOGY`, or `config/production.yaml` of the repository that this file is in. */
export function topologyFile(env: NodeJS.ProcessEnv = process.env): string {
  return env.RUNBOOK_TOPOLOGY || join(repositoryRoot(__dirname), 'config', 'production.yaml');
}

/** Reads the names of one production. Throws a problem that names the file, and every field in it that does not fit. */
export async function readTopology(file: string = topologyFile()): Promise<Topology> {
  const remedy = 'point RUNBOOK_TOPOLOGY at a file like config/production.yaml';
  const { parse } = await import('yaml');
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Problem('Other', `the topology file ${file} cannot be read: ${whyUnreadable(cause)}`, { remedy, cause });
  }
  const parsed = topologySchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new Problem('Other', `the topology file ${file} does not fit`, {
    remedy,
    fields: inputProblems(topologySchema, content),
  });
}

function repositoryRoot(from: string): string {
  const parent = dirname(from);
  return existsSync(join(from, 'package.json')) || parent === from ? from : repositoryRoot(parent);
}
