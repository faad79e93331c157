/** The activities of databaseReplace: contract.ts says what each does. */
import { Context } from '@temporalio/activity';
import { type Alive, assertInTime, whileAlive } from '../alive';
import { azureProblem } from '../azure/failures';
import { withCircumstances } from '../azure/circumstances';
import { asResources } from '../azure/flexible-servers';
import { makeChanges } from '../azure/long-operation';
import { onServer } from '../database/sql';
import { assertStill, guarded } from '../deployments/guarded';
import { asFailures, failure } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import type { Pod } from '../kubernetes/kubernetes';
import { connect, reading } from '../postgres/connection';
import { beginWriting } from '../pgbouncer/console';
import { readClientSessions, readOpenLogins, readShutLogins } from '../postgres/fence';
import { postgresProblem } from '../postgres/failures';
import { readSettings } from '../postgres/reads';
import { findServer } from '../replicas/changes';
import type { ReplicaIdentity } from '../replicas/contract';
import { readStaged } from '../poolers/staged';
import { isPodPaused, onPod, passPod, type Pool } from '../restarts/pool';
import type { Lead, ReplacementActivities } from './contract';
import type { ReplacementDependencies } from './dependencies';
import { inspectReplacement } from './inspection';
import { NewPath } from './new-path';
import { carrying, toCarry } from './parameters';
import { clientUrl, limits, type Party, poolOf, replacementOf } from './parties';
import { hostOf, openIn, textLeadingTo } from './staging';
import { reopenSource, switchOver } from './switchover';

const defaultSettleMs = 3000;
const everyMs = 500;
/** Of sessions, to whoever reads why it is not verified. */
const toldMax = 10;

export function createReplacementActivities(use: ReplacementDependencies): ReplacementActivities {
  const { servers, settleMs = defaultSettleMs } = use;
  const long = ({ deadlineSeconds, undo = false }: { deadlineSeconds: number; undo?: boolean }) => ({
    deadlineSeconds,
    busyMayBeOurs: undo,
    settleMs,
  });
  const holdName = ({ name }: Pool) => `whether rollouts of ${name} are held`;
  const deploymentOf = ({ name }: Pool) => use.kubernetes().readDeployment(name);
  const stagedName = ({ name }: Pool) => `the host in the configuration of ${name}`;
  const addressName = ({ secret, key }: { secret: string; key: string }) => `the host in ${key} of ${secret}`;
  /** In the words of `Lead`: the replica's own host is told by its name, also where somebody has deleted it meanwhile. */
  const leadOf = async (host: string, { replica, own }: ReplicaIdentity & Pick<Lead, 'own'>) =>
    host === own || (await findServer(replica, servers))?.host === host ? replica : host;
  const hostFor = async (to: string, { replica }: ReplicaIdentity) =>
    to === replica ? (await servers.readServer(replica)).host : to;

  const activities: ReplacementActivities = {
    inspectReplacement: (request) => inspectReplacement(request, use),

    carryParameters: (request) =>
      // It is this run's own: what keeps it busy is that it has just been made.
      withCircumstances({ ...long(request), busyMayBeOurs: true }, async (given, identity) => {
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

    async readRolloutHold() {
      return { held: (await deploymentOf(await poolOf(use))).paused, at: Date.now() };
    },
    async changeRolloutHold(request) {
      const pool = await poolOf(use);
      await guarded<boolean>(holdName(pool), request, async () => {
        const deployment = await deploymentOf(pool);
        const write = ({ identity }: Alive) => use.kubernetes().setPaused(deployment, request.to, identity);
        return { value: deployment.paused, write };
      });
    },
    async verifyRolloutHold({ held }) {
      const pool = await poolOf(use);
      const { paused, observed, replicas, updatedReplicas, presentReplicas } = await deploymentOf(pool);
      assertStill(holdName(pool), held, paused);
      if (!observed) throw failure('NotVerified', `the controller has not seen ${pool.name} as it is yet`);
      if (!held) return `rollouts of ${pool.name} go on`;
      if (updatedReplicas === replicas && presentReplicas === replicas) return `${pool.name} is in no rollout`;
      throw failure('NotVerified', `${pool.name} is in a rollout: ${updatedReplicas} of ${replicas} pods are new`);
    },

    async readStagedHost(request) {
      const pool = await poolOf(use);
      const own = (await findServer(request.replica, servers))?.host;
      const host = hostOf(await readStaged(pool, use.kubernetes()), pool);
      return { to: await leadOf(host, { ...request, own }), own, at: Date.now() };
    },
    async changeStagedHost(request) {
      const pool = await poolOf(use);
      await guarded<string>(stagedName(pool), request, async () => {
        const staged = await readStaged(pool, use.kubernetes());
        const write = async ({ identity }: Alive) => {
          const text = textLeadingTo(await hostFor(request.to, request), staged, pool);
          await use.kubernetes().setSecret(staged, staged.key, text, identity);
        };
        return { value: await leadOf(hostOf(staged, pool), request), write };
      });
    },
    async reloadFormerHost({ host, deadlineSeconds }) {
      const pool = await poolOf(use);
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
      const pool = await poolOf(use);
      const staged = await readStaged(pool, use.kubernetes());
      assertStill(stagedName(pool), to, await leadOf(hostOf(staged, pool), identity), (text) => text);
      const wanted = { text: staged.text!, loaded, serves: to === identity.replica };
      const pods = (await pool.pods()).filter(({ terminating }) => !terminating);
      const open = (await Promise.all(pods.map((pod) => openIn(pod, pool, wanted)))).flat();
      if (open.length > 0) throw failure('NotVerified', open.join('; '));
      return `each of ${pods.length} pods has it mounted, and still leads to ${loaded}`;
    },

    async readRole(request) {
      const { inRecovery } = await onServer(await replacementOf(request, use), 'admin', use, (client) =>
        readSettings(client),
      );
      return { primary: !inRecovery, at: Date.now() };
    },
    switchOver: (request) =>
      withCircumstances(long(request), (given, _identity, alive) => switchOver(request, given, alive, use)),
    async verifySwitchover(request) {
      const { source, replica, roles } = request;
      const now = await servers.readServer(replica);
      const replacement = await replacementOf(request, use);
      const open = [
        ...(now.state === 'Ready' ? [] : [`ARM says ${now.state}, not Ready`]),
        ...(now.source === undefined ? [] : [`ARM says that it follows ${now.source}`]),
      ];
      const pool = await poolOf(use);
      await writeOn(replacement, pool);
      const pods = (await pool.pods()).filter(({ terminating }) => !terminating);
      const path = new NewPath(pool, now.host);
      open.push(...(await Promise.all(pods.map((pod) => path.openIn(pod)))).flat());
      const old = await servers.readServer(source);
      const left = await onServer(old, 'admin', use, async (client) => ({
        sessions: await readClientSessions(client),
        logins: await readOpenLogins(client, roles),
      }));
      if (left.logins.length > 0) open.push(`${left.logins.join(', ')} can log in to ${source}`);
      open.push(...left.sessions.slice(0, toldMax).map(({ session }) => `on ${source} is still ${session}`));
      if (open.length > 0) throw failure('NotVerified', open.join('; '));
      return `${replica} takes writes; each of ${pods.length} pods leads there; nobody is on ${source}, ${roles.join(', ')} cannot log in to it`;
    },

    reopenSource: (request) =>
      withCircumstances(long(request), (given, _identity, alive) => reopenSource(request, given, alive, use)),
    async verifySourceOpen({ source, roles }) {
      const [pool, old] = await Promise.all([poolOf(use), servers.readServer(source)]);
      await writeOn(old, pool);
      const shut = await onServer(old, 'admin', use, (client) => readShutLogins(client, roles));
      if (shut.length > 0) throw failure('NotVerified', `${shut.join(', ')} cannot log in to ${source}`);
      const pods = (await pool.pods()).filter(({ terminating }) => !terminating);
      const paused = (await Promise.all(pods.map(async (pod) => ((await isHeld(pod, pool)) ? [pod.name] : [])))).flat();
      if (paused.length > 0) throw failure('NotVerified', `${paused.join(', ')} is paused`);
      return `${source} takes writes, ${roles.join(', ')} can log in to it; none of ${pods.length} pods is paused`;
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

  async function missingParameters({ source, replica }: ReplicaIdentity) {
    return toCarry(await servers.readParameters(source), await servers.readParameters(replica));
  }

  async function isFormerEverywhere(pool: Pool, host: string): Promise<boolean> {
    const staged = await readStaged(pool, use.kubernetes());
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

  async function writeOn(server: Party, pool: Pool): Promise<void> {
    const client = await connect(await clientUrl(server, pool, use), limits, use.certificateFile);
    try {
      await beginWriting(client);
      await client.query('ROLLBACK');
    } finally {
      void client.end().catch(() => undefined);
    }
  }

  /** A pause of all is not in its tables, but keeps a transaction waiting. A pod that does not answer is left to its guard. */
  async function isHeld({ address }: Pick<Pod, 'address'>, pool: Pool): Promise<boolean> {
    if (address === undefined) return false;
    const paused = await isPodPaused(pool, address).catch(() => undefined);
    if (paused !== false) return paused ?? false;
    return passPod(pool, address).then(
      () => false,
      (error: Error) => /timeout/i.test(error.message),
    );
  }
}

function hostInUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : 'no URL';
}
