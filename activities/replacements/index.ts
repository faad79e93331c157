/** The activities of databaseReplace: contract.ts says what each does. */
import { CancelledFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import { type Alive, assertInTime, whileAlive } from '../alive';
import type { Change, Circumstances } from '../azure/change';
import { azureProblem } from '../azure/failures';
import { withCircumstances } from '../azure/circumstances';
import { asResources, type FlexibleServer } from '../azure/flexible-servers';
import { makeChanges } from '../azure/long-operation';
import { onServer, urlOf } from '../database/sql';
import { assertStill, guarded } from '../deployments/guarded';
import { asFailures, failure, neverSent, toFailure } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import { readLease } from '../pgbouncer/lease';
import { connect, reading } from '../postgres/connection';
import { beginWriting } from '../pgbouncer/console';
import { isFenced, readClientSessions } from '../postgres/fence';
import { postgresProblem } from '../postgres/failures';
import { readSettings } from '../postgres/reads';
import { Session } from '../postgres/session';
import { findServer } from '../replicas/changes';
import type { ReplicaIdentity } from '../replicas/contract';
import { findPool, isPodPaused, onPod, passPod, type Pool } from '../restarts/pool';
import type { ReplacementActivities } from './contract';
import { Crossing } from './crossing';
import type { ReplacementDependencies } from './dependencies';
import { inspectReplacement } from './inspection';
import { carrying, toCarry } from './parameters';
import { hostOf, loadedHost, openIn, readStaged, textLeadingTo } from './staging';

const defaultSettleMs = 3000;
/** Kept over the whole switchover: a server that does not answer is asked again. */
const limits = { connectMs: 2000, statementMs: 5000 };
const everyMs = 500;
/** Of sessions, to whoever reads why it is not verified. */
const toldMax = 10;

type Server = Pick<FlexibleServer, 'name' | 'host' | 'source'>;

export function createReplacementActivities(use: ReplacementDependencies): ReplacementActivities {
  const { servers, settleMs = defaultSettleMs } = use;
  const long = ({ deadlineSeconds, undo = false }: { deadlineSeconds: number; undo?: boolean }) => ({
    deadlineSeconds,
    busyMayBeOurs: undo,
    settleMs,
  });
  const stagedName = ({ name }: Pool) => `the host in the configuration of ${name}`;
  const addressName = ({ secret, key }: { secret: string; key: string }) => `the host in ${key} of ${secret}`;
  /** In the words of `Lead`: the replica's own host is told by its name. */
  const leadOf = async (host: string, { replica }: ReplicaIdentity) =>
    (await findServer(replica, servers))?.host === host ? replica : host;
  const hostFor = async (to: string, { replica }: ReplicaIdentity) =>
    to === replica ? (await servers.readServer(replica)).host : to;

  const activities: ReplacementActivities = {
    inspectReplacement: (request) => inspectReplacement(request, use),

    carryParameters: (request) =>
      withCircumstances(long(request), async (given, identity) => {
        const missing = await missingParameters(request);
        await makeChanges(
          request.replica,
          carrying(request.replica, missing, servers, identity),
          asResources(servers),
          given,
        );
      }),
    async verifyParametersCarried(request) {
      const missing = await missingParameters(request);
      const [pending] = (await servers.readParameters(request.replica)).filter(({ pendingRestart }) => pendingRestart);
      if (missing.length > 0) throw failure('NotVerified', `${request.replica} has not got ${missing[0]!.name} yet`);
      if (pending) throw failure('NotVerified', `${pending.name} of ${request.replica} still waits for a restart`);
      return 'with the parameters of its source';
    },

    async readStagedHost(request) {
      const pool = await thePool();
      return { to: await leadOf(hostOf(await readStaged(pool, use), pool), request), at: Date.now() };
    },
    async changeStagedHost(request) {
      const pool = await thePool();
      await guarded<string>(stagedName(pool), request, async () => {
        const staged = await readStaged(pool, use);
        const write = async ({ identity }: Alive) => {
          const text = textLeadingTo(await hostFor(request.to, request), staged, pool);
          await use.kubernetes().setSecret(staged, staged.key, text, identity);
        };
        return { value: await leadOf(hostOf(staged, pool), request), write };
      });
    },
    async reloadFormerHost({ host, deadlineSeconds }) {
      const pool = await thePool();
      await whileAlive(
        () => 'reload',
        async (alive) => {
          for (;;) {
            assertInTime(`leading every pod of ${pool.name} to ${host}`, deadlineSeconds);
            alive.assertAwake();
            if (await isFormerEverywhere(pool, host)) return;
            await Context.current().sleep(everyMs);
          }
        },
      );
    },
    async verifyStagedHost({ to, loaded, ...identity }) {
      const pool = await thePool();
      const staged = await readStaged(pool, use);
      assertStill(stagedName(pool), to, await leadOf(hostOf(staged, pool), identity), (text) => text);
      const wanted = { text: staged.text!, loaded, serves: to === identity.replica };
      const pods = (await pool.pods()).filter(({ terminating }) => !terminating);
      const open = (await Promise.all(pods.map((pod) => openIn(pod, pool, wanted)))).flat();
      if (open.length > 0) throw failure('NotVerified', open.join('; '));
      return `each of ${pods.length} pods has it mounted, and still leads to ${loaded}`;
    },

    async readRole(request) {
      const { inRecovery } = await onServer(await replacementOf(request), 'admin', use, (client) =>
        readSettings(client),
      );
      return { primary: !inRecovery, at: Date.now() };
    },
    switchOver: (request) =>
      withCircumstances(long(request), (given, _identity, alive) => switchOver(request, given, alive)),
    async verifySwitchover(request) {
      const { source, replica, roles } = request;
      const now = await servers.readServer(replica);
      const replacement = await replacementOf(request);
      const open = [
        ...(now.state === 'Ready' ? [] : [`ARM says ${now.state}, not Ready`]),
        ...(now.source === undefined ? [] : [`ARM says that it follows ${now.source}`]),
      ];
      const pool = await thePool();
      await writeOn(replacement, pool);
      const pods = (await pool.pods()).filter(({ terminating }) => !terminating);
      open.push(
        ...(await Promise.all(pods.map(({ name, address }) => notCrossed(name, address, pool, now.host)))).flat(),
      );
      const old = await servers.readServer(source);
      const left = await onServer(old, 'admin', use, async (client) => ({
        sessions: await readClientSessions(client),
        fenced: await isFenced(client, roles),
      }));
      if (!left.fenced) open.push(`${roles.join(', ')} can log in to ${source}`);
      open.push(...left.sessions.slice(0, toldMax).map(({ session }) => `on ${source} is still ${session}`));
      if (open.length > 0) throw failure('NotVerified', open.join('; '));
      return `${replica} takes writes; each of ${pods.length} pods leads there; nobody is on ${source}, ${roles.join(', ')} cannot log in to it`;
    },

    async readServerAddress({ secret, key, ...identity }) {
      const { text = '' } = await use.kubernetes().readSecret(secret, key);
      return { to: await leadOf(hostInUrl(text), identity), at: Date.now() };
    },
    changeServerAddress: (request) =>
      guarded<string>(addressName(request), request, async () => {
        const secret = await use.kubernetes().readSecret(request.secret, request.key);
        const write = async ({ identity }: Alive) => {
          const url = Object.assign(new URL(secret.text!), { hostname: await hostFor(request.to, request) });
          await use.kubernetes().setSecret(secret, request.key, url.href, identity);
        };
        return { value: await leadOf(hostInUrl(secret.text ?? ''), request), write };
      }),
    async verifyServerAddress({ secret, key, to, ...identity }) {
      const { text = '' } = await use.kubernetes().readSecret(secret, key);
      assertStill(addressName({ secret, key }), to, await leadOf(hostInUrl(text), identity), (words) => words);
      if (to !== identity.replica) return `${key} of ${secret} leads to ${to}`;
      const { inRecovery } = await reading(text, use.certificateFile, (client) => readSettings(client));
      if (inRecovery) throw failure('NotVerified', `${key} of ${secret} leads to ${to}, which is in recovery`);
      return `${key} of ${secret} leads to ${to}; its login works`;
    },
  };
  return asFailures(activities, [azureProblem, kubernetesProblem, postgresProblem]);

  async function thePool(): Promise<Pool> {
    const pool = await findPool(use);
    if (typeof pool === 'object') return pool;
    throw failure(
      'ConfigurationMissing',
      pool ? 'this worker knows no cluster' : 'there is no pooler (deployPgbouncer makes one)',
    );
  }

  /** Its passwords are its source's, also when it follows nobody any more. */
  async function replacementOf({ source, replica }: ReplicaIdentity) {
    return { name: replica, host: (await servers.readServer(replica)).host, source };
  }

  async function missingParameters({ source, replica }: ReplicaIdentity) {
    return toCarry(await servers.readParameters(source), await servers.readParameters(replica));
  }

  async function isFormerEverywhere(pool: Pool, host: string): Promise<boolean> {
    const staged = await readStaged(pool, use);
    const pods = (await pool.pods()).filter(({ terminating }) => !terminating);
    const open = await Promise.all(
      pods.map(async (pod) => {
        const why = await openIn(pod, pool, { text: staged.text!, loaded: host, serves: false });
        if (why.length === 0) return false;
        // It has the former file again, and not in its memory: it was started anew in the meantime.
        if (why[0]!.includes('leads to')) await onPod(pool, pod.address!, ({ reload }) => reload());
        return true;
      }),
    );
    return !open.some(Boolean);
  }

  /** As the pool logs in: what the worker was told of the application may be older. */
  async function clientUrl(server: Server, { upstream }: Pool): Promise<string> {
    const url = new URL(await urlOf(server, 'application', use.connections, upstream.database));
    const [username, password] = [upstream.role, upstream.password].map(encodeURIComponent);
    return Object.assign(url, { username, password }).href;
  }

  async function writeOn(server: Server, pool: Pool): Promise<void> {
    const client = await connect(await clientUrl(server, pool), limits, use.certificateFile);
    try {
      await beginWriting(client);
      await client.query('ROLLBACK');
    } finally {
      void client.end().catch(() => undefined);
    }
  }

  async function notCrossed(name: string, address: string | undefined, pool: Pool, host: string): Promise<string[]> {
    if (address === undefined) return [`${name} has no address yet`];
    try {
      if (await isPodPaused(pool, address)) return [`${name} is paused`];
      if (await readLease(address)) return [`${name} has a lease of a pause`];
      const loaded = await loadedHost(pool, address);
      if (loaded !== host) return [`${name} leads to ${loaded}`];
      await passPod(pool, address);
      return [];
    } catch (error) {
      return [`${name}: ${(error as Error).message}`];
    }
  }

  async function switchOver(
    { source, replica, roles }: Parameters<ReplacementActivities['switchOver']>[0],
    given: Circumstances,
    alive: Alive,
  ): Promise<string> {
    const [pool, old, replacement] = await Promise.all([
      thePool(),
      servers.readServer(source),
      replacementOf({ source, replica }),
    ]);
    const session = (url: string) => new Session(url, limits, use.certificateFile);
    const asAdministrator = (server: Server) => urlOf(server, 'admin', use.connections, undefined);
    const sessions = {
      old: session(await asAdministrator(old)),
      replacement: session(await asAdministrator(replacement)),
      client: session(await clientUrl(replacement, pool)),
    };
    const context = Context.current();
    const crossing = new Crossing(
      pool,
      { ...sessions, host: replacement.host },
      {
        ...{ holder: context.info.workflowExecution!.workflowId, roles },
        ...{ isOurs: () => alive.isOurs(), assertAwake: () => alive.assertAwake() },
        log: (words) => void context.log.warn(words),
      },
    );
    const promotion: Change<FlexibleServer> = {
      name: 'promotion',
      isThere: ({ source: follows }) => follows === undefined,
      async send(accepted) {
        await crossing.prepare();
        crossing.asked();
        try {
          alive.assertAwake();
          const answer = await servers.promote(replica, { identity: alive.identity, accepted });
          if (isFailed(answer.state)) await crossing.refused();
          return answer;
        } catch (error) {
          // An answer that is lost may have been a yes.
          if (azureProblem(error)?.type !== 'AzureUnavailable' || neverSent(error)) await crossing.refused();
          throw error;
        }
      },
    };
    const resources = {
      ...asResources(servers),
      // As soon as it is known, not when the next change is made: clients wait.
      pollOperation: async (...asked: Parameters<typeof servers.pollOperation>) => {
        const state = await servers.pollOperation(...asked);
        if (isFailed(state)) await crossing.refused();
        return state;
      },
    };
    const leftMs = () => Math.max(0, given.deadlineAt - Date.now());
    try {
      await crossing.adopt();
      await makeChanges(replica, [promotion], resources, given);
      crossing.asked();
      await crossing.end(leftMs());
    } catch (error) {
      await crossing.end(leftMs());
      if (!crossing.wentBack || !alive.isOurs()) throw error;
      const why =
        error instanceof CancelledFailure
          ? 'it was stopped'
          : toFailure(error, [azureProblem, postgresProblem]).message;
      throw failure('SwitchoverGivenUp', why);
    } finally {
      for (const one of Object.values(sessions)) one.end();
    }
    if (crossing.isOver) return crossing.words;
    if (!alive.isOurs()) alive.assertAwake();
    throw failure('OperationDeadlineExceeded', `${replica} is promoted, and ${crossing.trouble}`);
  }
}

function isFailed(state: { status: string } | undefined): boolean {
  return state?.status === 'failed' || state?.status === 'canceled';
}

function hostInUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : 'no URL';
}
