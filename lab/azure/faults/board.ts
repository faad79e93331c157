/**
 * The faults that are armed. Each place of the endpoint where something can go wrong asks the board whether it is to:
 * `hit` counts, lets the first `after` occasions pass, and disarms a fault that has had its `count` of hits.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context';
import { timings } from '../durations';
import type { BackupRecord, FlexibleServer } from '../flexible-servers/record';
import { cacheId, cacheProvider, serverId, serverType } from '../names';
import type { Operation, OperationTime } from '../operations';
import type { LoggedRequest } from '../request-log';
import { faultDefinition, faultDefinitions, type FaultName } from './catalogue';
import { mend, replicaFaults, spoil } from './replicas';
import { answerInstead } from './replies';

export interface ArmedFault {
  id: string;
  name: FaultName;
  options: Record<string, unknown> & { server?: string; after: number };
  armedAt: string;
  /** Occasions seen, those that were let pass included. */
  seen: number;
  hits: number;
  /** Hits left; null: until cleared. 0: disarmed. */
  remaining: number | null;
  /** Operations that hang by this fault until it is cleared. */
  holding?: string[];
  /** Replicas that lag by this fault until it is cleared. */
  spoilt?: string[];
}

export interface FaultListing {
  name: string;
  description: string;
  /** Names of its options. */
  options: string[];
  armed: ArmedFault[];
}

const holdPollMs = 100;

export class FaultBoard {
  private readonly stale = new Map<string, { until: number; view: unknown }>();
  /** What is still being done to a replica. */
  private readonly turns = new Map<string, Promise<void>>();

  constructor(private readonly context: Context) {}

  private get armed(): ArmedFault[] {
    return this.context.store.state.faults;
  }

  list(): FaultListing[] {
    return faultDefinitions.map(({ name, description, options }) => ({
      ...{ name, description, options: Object.keys(options.shape) },
      armed: this.armed.filter((fault) => fault.name === name),
    }));
  }

  /** Throws when there is no such fault, or an option is unknown or wrong. */
  arm(name: string, options: Record<string, unknown> = {}): ArmedFault {
    const definition = faultDefinition(name);
    const parsed = definition.options.safeParse(options);
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      throw new Error(
        `fault "${name}": ${issue.path.join('.') || 'options'}: ${issue.message} (options: ${Object.keys(definition.options.shape).join(', ')})`,
      );
    }
    const { count, ...rest } = parsed.data as ArmedFault['options'] & { count?: number | null };
    const fault: ArmedFault = {
      ...{ id: randomUUID(), name: definition.name as FaultName, options: rest, armedAt: new Date().toISOString() },
      ...{ seen: 0, hits: 0, remaining: count === undefined ? definition.count : count },
    };
    if (fault.name === 'undo-refused') fault.options.after += Number(rest['nth']) - 1;
    const { store } = this.context;
    if (rest.server !== undefined && !store.server(rest.server) && !store.cache(rest.server)) {
      throw new Error(`fault "${name}": there is no server or cache "${rest.server}"`);
    }
    this.armed.push(fault);
    this.context.store.save();
    if (fault.name === 'foreign-operation') this.beginForeign(fault);
    const replica = rest.server === undefined ? undefined : this.context.store.server(rest.server);
    if (replica?.source !== undefined) {
      const failed = (error: unknown) => this.context.warn(`${fault.name} of ${replica.name}`, error);
      this.spoilReplica(replica.name, replica.name).catch(failed);
    }
    return fault;
  }

  /** All of them, or those of one name, or those of some servers. Operations that hang go on. */
  clear(name?: string, servers?: string[]): void {
    if (name !== undefined) faultDefinition(name);
    const wanted = servers?.map((server) => server.toLowerCase());
    const goes = (fault: ArmedFault) =>
      (name === undefined || fault.name === name) &&
      (wanted === undefined || wanted.includes(fault.options.server?.toLowerCase() ?? ''));
    for (const replica of this.armed.filter(goes).flatMap(({ spoilt = [] }) => spoilt)) {
      const failed = (error: unknown) => this.context.warn(`${replica} was to catch up`, error);
      this.inTurn(replica, async () => {
        if (this.context.store.server(replica)) await mend(this.context.postgres(replica));
      }).catch(failed);
    }
    this.context.store.state.faults = this.armed.filter((fault) => !goes(fault));
    for (const server of wanted ?? [...this.stale.keys()]) this.stale.delete(server);
    this.context.store.save();
  }

  /** The armed fault of that name that strikes now, if any; it is counted. */
  hit(name: FaultName, server?: string, fits: (fault: ArmedFault) => boolean = () => true): ArmedFault | undefined {
    const fault = this.armed.find((one) => {
      const own = one.options.server === undefined || one.options.server.toLowerCase() === server?.toLowerCase();
      return one.name === name && one.remaining !== 0 && own && fits(one);
    });
    if (!fault) return undefined;
    fault.seen += 1;
    const strikes = fault.seen > fault.options.after;
    if (strikes) {
      fault.hits += 1;
      if (fault.remaining !== null) fault.remaining -= 1;
    }
    this.context.store.save();
    return strikes ? fault : undefined;
  }

  /** Answers a request instead of its handler; false when no fault does. */
  answers(request: FastifyRequest, reply: FastifyReply): boolean {
    return answerInstead(this, this.context, request, reply);
  }

  /** True when the reply to an accepted mutation is to be lost. Also remembers what a stale read will show. */
  dropsReply(logged: LoggedRequest, operation: Operation): boolean {
    if (operation.refused) return false;
    if (!this.hit('lost-response', operation.server)) return false;
    logged.fault = 'lost-response';
    return true;
  }

  /** Waits as long as an operation is to hang. */
  async hold(operation: Operation, time: OperationTime): Promise<void> {
    const holds = () => this.armed.some((one) => one.holding?.includes(operation.id));
    if (!operation.foreign && !holds()) {
      const fault = this.hit('operation-hangs', operation.server);
      if (fault) fault.holding = [...(fault.holding ?? []), operation.id];
      if (fault) this.context.store.save();
    }
    while (holds()) await time.sleep(holdPollMs);
  }

  cancels(operation: Operation): boolean {
    return !operation.foreign && this.hit('operation-canceled', operation.server) !== undefined;
  }

  /** A replica that has just been made of a server, or is named itself by a fault. */
  async spoilReplica(replica: string, armedFor: string): Promise<void> {
    for (const name of replicaFaults) {
      const fault = this.hit(name, armedFor);
      if (!fault) continue;
      fault.spoilt = [...(fault.spoilt ?? []), replica];
      this.context.store.save();
      await this.inTurn(replica, () => spoil(this.context.postgres(replica), name, fault.options['by']));
    }
  }

  /** Returns when what was armed or cleared so far has been done to each replica. */
  async settled(): Promise<void> {
    await Promise.all(this.turns.values());
  }

  /** A fault that is armed while the one before is still being mended must not be undone by the rest of that mend. */
  private inTurn(replica: string, work: () => Promise<void>): Promise<void> {
    const done = (this.turns.get(replica) ?? Promise.resolve()).then(work);
    this.turns.set(
      replica,
      done.catch(() => undefined),
    );
    return done;
  }

  /** True when an operation that has ended still makes its server refuse others. */
  isStillBusy(server: string): boolean {
    const ended = Object.values(this.context.store.state.operations)
      .filter((operation) => operation.server.toLowerCase() === server.toLowerCase() && !operation.refused)
      .map((operation) => Date.parse(operation.endedAt ?? ''));
    const recently = (fault: ArmedFault) =>
      ended.some((at) => Date.now() - at < Number(fault.options['seconds']) * 1000);
    return this.hit('still-busy', server, recently) !== undefined;
  }

  /** What makes a reply of three megabytes. */
  padding(server: string): { tags: Record<string, string> } | undefined {
    return this.hit('huge-reply', server) && { tags: { padding: 'x'.repeat(3 * 1024 * 1024) } };
  }

  upgradeFails(operation: Operation): 'old' | 'new' | 'mixed' | undefined {
    return this.hit('upgrade-fails', operation.server)?.options['properties'] as 'old' | 'new' | 'mixed' | undefined;
  }

  /** Whether a change of size is refused, beside Azure's own rules. */
  refusesSizeChange(server: string): boolean {
    return this.hit('undo-refused', server) !== undefined;
  }

  isSkuUnavailable(sku: string): boolean {
    const same = (fault: ArmedFault) => String(fault.options['sku']).toLowerCase() === sku.toLowerCase();
    return this.armed.some((fault) => fault.name === 'sku-unavailable' && fault.remaining !== 0 && same(fault));
  }

  /** Called right before an accepted PATCH changes anything. */
  beforeUpdate(server: string, view: () => unknown): void {
    const fault = this.hit('stale-read', server);
    if (!fault) return;
    const until = Date.now() + Number(fault.options['seconds']) * 1000;
    this.stale.set(server.toLowerCase(), { until, view: view() });
  }

  /** What GET shows of a server while a stale read lasts. */
  staleView(server: string): unknown {
    const stale = this.stale.get(server.toLowerCase());
    if (!stale || stale.until < Date.now()) return undefined;
    return stale.view;
  }

  /** The server's backups as clients see them, oldest first. */
  backupsOf(server: FlexibleServer): BackupRecord[] {
    if (this.isArmed('backup-missing', server.name)) return [];
    const hours = Number(this.isArmed('backup-too-old', server.name)?.options['hours'] ?? 0);
    return server.backups.map((backup) => ({
      ...backup,
      completedAt: new Date(Date.parse(backup.completedAt) - hours * 3_600_000).toISOString(),
    }));
  }

  /** For faults that last: a look is no hit. */
  private isArmed(name: FaultName, server: string): ArmedFault | undefined {
    return this.armed.find(
      (fault) =>
        fault.name === name &&
        (fault.options.server === undefined || fault.options.server.toLowerCase() === server.toLowerCase()),
    );
  }

  private beginForeign(fault: ArmedFault): void {
    const { subscriptionId, resourceGroup, timeFactor } = this.context.options;
    const server = this.context.store.server(fault.options.server!);
    const { name } = server ?? this.context.store.cache(fault.options.server!)!;
    this.hit('foreign-operation', name);
    this.context.operations.begin({
      ...{ kind: 'foreign', name: 'UpsertServerManagementOperationV2', server: name, foreign: true },
      ...{ holds: [{ server: name, state: 'Updating' }], exclusive: true },
      timing: { ...timings.otherProperties, seconds: Number(fault.options['seconds']) * timeFactor },
      ...{ caller: 'someone.else@lab.example', correlationId: randomUUID() },
      resourceId: (server ? serverId : cacheId)(subscriptionId, resourceGroup, name),
      action: server ? `${serverType}/write` : `${cacheProvider}/redis/write`,
    });
  }
}
