/** Firewall rules of a source on its new replica: made as they were planned, and verified. Where there are none nothing is asked. */
import type { FirewallRule } from '../activities/azure/flexible-servers';
import type { ReplicaActivities, ReplicaIdentity } from '../activities/replicas/contract';
import type { Timing } from '../catalogue';
import { changes, verifications } from './runbook/activities';

const act = changes<ReplicaActivities>();
const check = verifications<ReplicaActivities>();

type Rules = ReplicaIdentity & { rules: FirewallRule[] };

/** Azure takes a minute for each (recorded), one after the other. */
export const ruleSeconds = 60;

export async function carryRules(step: string, of: Rules, timing: Timing): Promise<void> {
  if (of.rules.length === 0) return;
  const deadlineSeconds = timing.operationTimeoutSeconds;
  await act(`${step} · set its firewall rules`, timing).carryFirewallRules({ ...of, deadlineSeconds });
}

/** The evidence, in words that end where others begin. Before any question by SQL: without its rules a replica lets none in. */
export async function verifyRules(step: string, of: Rules, timing: Timing): Promise<string> {
  if (of.rules.length === 0) return '';
  const evidence = await check(`${step} · verify its firewall rules`, timing).verifyFirewallRules(of);
  return `${evidence}; `;
}
