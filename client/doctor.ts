import { readFileSync } from 'node:fs';
import { Problem } from './problem';
import { whyUnreachable } from './reach';
import { missingSearchAttributes, registerSearchAttributes } from './search-attributes';
import type { Temporal } from './temporal';
import { problemOf } from './temporal-errors';
import { readTopology, topologyFile } from './topology';
import { workerLastSeen } from './workers';

/** One thing that a run needs, and whether it is there. */
export interface Check {
  name: string;
  ok: boolean;
  /** What was found. */
  found: string;
  /** What to do where it is not ok. */
  remedy?: string;
}

/**
 * Checks what a run needs from here: Temporal, its namespace and search attributes, a worker, the topology's file, and Azure
 * Resource Manager's address where `ARM_ENDPOINT` gives one. `fix` registers search attributes that are missing.
 * `connecting` is the attempt to connect: the checks that need Temporal are left out when it fails.
 */
export async function diagnose(
  connecting: Promise<Temporal>,
  { fix, env = process.env }: { fix: boolean; env?: NodeJS.ProcessEnv },
): Promise<Check[]> {
  const elsewhere = [checkTopology(env), ...checkArm(env)];
  const temporal = await connecting.catch((error: unknown) =>
    failed('Temporal', error, { address: '', namespace: '' }),
  );
  if (!('client' in temporal)) return [temporal, ...(await Promise.all(elsewhere))];
  const namespace = await checkNamespace(temporal);
  return [
    { name: 'Temporal', ok: true, found: `answers at ${temporal.address}` },
    namespace,
    ...(namespace.ok ? [await checkSearchAttributes(temporal, fix), await checkWorkers(temporal)] : []),
    ...(await Promise.all(elsewhere)),
  ];
}

async function checkNamespace(temporal: Temporal): Promise<Check> {
  try {
    await temporal.client.workflowService.describeNamespace({ namespace: temporal.namespace });
    return { name: 'namespace', ok: true, found: temporal.namespace };
  } catch (error) {
    return failed('namespace', error, temporal);
  }
}

async function checkSearchAttributes(temporal: Temporal, fix: boolean): Promise<Check> {
  const name = 'search attributes';
  try {
    const missing = await missingSearchAttributes(temporal);
    if (missing.length === 0) return { name, ok: true, found: 'registered' };
    if (!fix)
      return { name, ok: false, found: `missing: ${missing.join(', ')}`, remedy: 'register them: doctor --fix' };
    await registerSearchAttributes(temporal, missing);
    return { name, ok: true, found: `registered now: ${missing.join(', ')}` };
  } catch (error) {
    return failed(name, error, temporal);
  }
}

async function checkWorkers(temporal: Temporal): Promise<Check> {
  const { taskQueue } = temporal;
  try {
    const [workflows, activities] = await Promise.all([
      workerLastSeen(temporal, taskQueue, 'workflow'),
      workerLastSeen(temporal, taskQueue, 'activity'),
    ]);
    const missing = [workflows === undefined && 'workflows', activities === undefined && 'activities'].filter(Boolean);
    if (missing.length === 0) return { name: 'worker', ok: true, found: `asks task queue "${taskQueue}" for work` };
    return {
      name: 'worker',
      ok: false,
      found: `nobody asks task queue "${taskQueue}" for ${missing.join(' or ')}`,
      remedy: 'start a worker, or set RUNBOOK_TASK_QUEUE to the queue that it uses',
    };
  } catch (error) {
    return failed('worker', error, temporal);
  }
}

async function checkTopology(env: NodeJS.ProcessEnv): Promise<Check> {
  const file = topologyFile(env);
  try {
    const { environment } = await readTopology(file);
    return { name: 'topology', ok: true, found: `${environment} (${file})` };
  } catch (error) {
    return failed('topology', error, { address: '', namespace: '' });
  }
}

/** Whether something answers at Azure Resource Manager's address, by TLS where it is https. What it says is the worker's business. */
function checkArm(env: NodeJS.ProcessEnv): Promise<Check>[] {
  return env.ARM_ENDPOINT ? [checkArmAt(env.ARM_ENDPOINT, env.ARM_CA_FILE)] : [];
}

async function checkArmAt(endpoint: string, caFile: string | undefined): Promise<Check> {
  const name = 'Azure Resource Manager';
  const remedy = 'correct ARM_ENDPOINT, ARM_CA_FILE or the network between here and there';
  try {
    const { hostname, port, protocol } = new URL(endpoint);
    const tls = protocol === 'https:' ? { ca: caFile ? [readFileSync(caFile, 'utf8')] : undefined } : undefined;
    const why = await whyUnreachable(hostname, Number(port || (tls ? 443 : 80)), { tls });
    return why === undefined
      ? { name, ok: true, found: `accepts connections at ${endpoint}` }
      : { name, ok: false, found: `${endpoint}: ${why}`, remedy };
  } catch (error) {
    return { name, ok: false, found: `${endpoint}: ${error instanceof Error ? error.message : String(error)}`, remedy };
  }
}

function failed(name: string, error: unknown, where: { address: string; namespace: string }): Check {
  const problem = error instanceof Problem ? error : problemOf(error, where);
  const fields = problem.fields.map(({ field, given, allowed }) => `${field}: ${given ?? 'missing'} → ${allowed}`);
  return { name, ok: false, found: [problem.message, ...fields].join('; '), remedy: problem.remedy };
}
