/**
 * Does a server run as asked? Pure: what was read → what is still wrong, or one line of evidence.
 *
 * ARM's word alone proves nothing (`Ready` is said before and after), so the server's own word by SQL is compared with
 * what was asked and with what ARM's configuration says. Nothing is compared with a constant: sizes of memory come from
 * Azure's capabilities, settings from its configuration.
 */
import { replayLagBytesMax } from '../../catalogue';
import type { FlexibleServer, Offer, Parameter } from '../azure/flexible-servers';
import type { ReplicaState, RunningSettings } from '../postgres/reads';
import type { Compute, ComputeBefore } from './contract';

export interface ComputeReading {
  server: FlexibleServer;
  /** Of the parameters asked for, and of shared_buffers. */
  parameters: Parameter[];
  running: RunningSettings;
  /** Replicas only. */
  replica?: ReplicaState;
  /** A primary's replicas: its restart cut them off, and it is not done before they stream again. */
  followers?: { name: string; state: ReplicaState }[];
  offers: Offer[];
}

export interface Judgement {
  /** What is not as asked yet; empty when all is. */
  open: string[];
  evidence: string;
}

/** Memory settings are rounded by Azure to whole pages and by PostgreSQL to its unit: compared within this share. */
const memoryTolerance = 0.05;

export function judgeCompute(wanted: Compute, reading: ComputeReading, since?: ComputeBefore): Judgement {
  const { server, running, replica, followers = [] } = reading;
  const open = [
    ...judgeArm(wanted, server),
    ...Object.entries(wanted.parameters).flatMap(([name, value]) => judgeParameter(name, value, reading)),
    ...judgeMemory(wanted, reading, since),
    ...(since && running.startedAt <= since.startedAt ? [`not restarted since ${since.startedAt}`] : []),
    ...(replica ? judgeReplica(replica, 'it') : []),
    ...followers.flatMap(({ name, state }) => judgeReplica(state, `replica ${name}`)),
  ];
  return { open, evidence: evidenceOf(reading, since) };
}

function judgeArm(wanted: Compute, { state, sku, tier }: FlexibleServer): string[] {
  return [
    ...(state === 'Ready' ? [] : [`ARM says ${state}, not Ready`]),
    ...(sku === wanted.sku && tier === wanted.tier
      ? []
      : [`ARM says ${tier} ${sku}, not ${wanted.tier} ${wanted.sku}`]),
  ];
}

function judgeParameter(name: string, value: string, { parameters, running }: ComputeReading): string[] {
  const configured = parameters.find((parameter) => parameter.name === name);
  const runs = running.settings[name];
  return [
    ...(configured?.value === value ? [] : [`ARM's ${name} is ${configured?.value ?? 'absent'}, not ${value}`]),
    ...(configured?.pendingRestart ? [`${name} still waits for a restart`] : []),
    ...(runs === value ? [] : [`the server runs with ${name} ${runs ?? 'unknown'}, not ${value}`]),
  ];
}

function judgeMemory(
  wanted: Compute,
  { parameters, running, offers }: ComputeReading,
  since?: ComputeBefore,
): string[] {
  const buffers = parameters.find(({ name }) => name === 'shared_buffers');
  const configured = buffers && configuredBytes(buffers);
  if (configured !== undefined && configured !== running.sharedBuffersBytes) {
    return [
      `the server runs with shared_buffers ${megabytes(running.sharedBuffersBytes)}, ARM says ${megabytes(configured)}`,
    ];
  }
  const expected = since && buffers?.source === 'system-default' ? expectedBuffers(wanted, since, offers) : undefined;
  if (expected === undefined || Math.abs(running.sharedBuffersBytes / expected - 1) <= memoryTolerance) return [];
  return [
    `shared_buffers is ${megabytes(running.sharedBuffersBytes)}; by the sizes' memory it should be ${megabytes(expected)}`,
  ];
}

/**
 * What a memory parameter should be by ARM: the default of the server's size, or what somebody set. The default is taken
 * from `defaultValue`, because `value` may be what runs: after an operation that failed half-way it still shows the other
 * size's. Undefined where the unit is not one of memory.
 */
export function configuredBytes({ value, defaultValue, source, unit }: Parameter): number | undefined {
  return bytesOf(source === 'system-default' && defaultValue !== '' ? defaultValue : value, unit);
}

/** Only between tiers whose default is one share of the memory: Azure gives small Burstable sizes a smaller one. */
function expectedBuffers(wanted: Compute, since: ComputeBefore, offers: Offer[]): number | undefined {
  const memory = ({ sku, tier }: Compute) =>
    tier === 'Burstable' ? undefined : offers.find((offer) => offer.sku === sku && offer.tier === tier)?.memoryGb;
  const [from, to] = [memory(since.compute), memory(wanted)];
  return from && to ? since.sharedBuffersBytes * (to / from) : undefined;
}

/** What is wrong with it. */
export function judgeReplica(
  { inRecovery, streaming, replayPause, replayLagBytes }: ReplicaState,
  who: string,
): string[] {
  if (!inRecovery) return [`${who} is no replica any more (not in recovery)`];
  return [
    ...(streaming ? [] : [`${who}: its WAL receiver is not streaming`]),
    ...(replayPause === 'not paused' ? [] : [`${who}: its replay is ${replayPause}`]),
    ...(replayLagBytes <= replayLagBytesMax
      ? []
      : [`${who} has ${replayLagBytes} B of WAL to replay (at most ${replayLagBytesMax})`]),
  ];
}

function evidenceOf({ server, running, replica, followers = [] }: ComputeReading, since?: ComputeBefore): string {
  const was = since ? ` (was ${megabytes(since.sharedBuffersBytes)})` : '';
  const restarted = since
    ? `, restarted ${running.startedAt.slice(11, 19)}Z`
    : `, up since ${running.startedAt.slice(11, 19)}Z`;
  const sql = `SQL ${running.maxConnections} connections, shared_buffers ${megabytes(running.sharedBuffersBytes)}${was}${restarted}`;
  const lags = followers.map(({ name, state }) => `; ${name} streams, lag ${state.replayLagBytes} B`).join('');
  const lag = replica ? `; lag ${replica.replayLagBytes} B` : lags;
  return `ARM ${server.state} + ${server.sku.replace(/^Standard_/, '')}; ${sql}${lag}`;
}

/** ARM's value in bytes: a number of the unit, such as 524288 of "8KB". Undefined where the unit is not one of memory. */
export function bytesOf(value: string, unit = ''): number | undefined {
  const match = /^(\d*)\s*(B|KB|MB|GB)$/i.exec(unit);
  const factor = match && { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }[match[2]!.toUpperCase()];
  if (!match || !factor || !/^\d+$/.test(value)) return undefined;
  return Number(value) * Number(match[1] || 1) * factor;
}

function megabytes(bytes: number): string {
  const value = bytes / 1024 ** 2;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} MB`;
}
