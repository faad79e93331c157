/**
 * The promotion, and the way of the clients around it: who asks Azure (azure/long-operation.ts), who leads clients across (crossing.ts),
 * and what is known of what was asked for (promotion-fate.ts), brought together.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { type Alive, inSlices } from '../alive';
import type { Change, Circumstances } from '../azure/change';
import { azureProblem, isBusyCode } from '../azure/failures';
import { asResources, type FlexibleServer } from '../azure/flexible-servers';
import { makeChanges } from '../azure/long-operation';
import type { OperationState } from '../azure/operations';
import { urlOf } from '../database/sql';
import { failure, neverSent, toFailure } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import { postgresProblem } from '../postgres/failures';
import { Session } from '../postgres/session';
import { claimOf } from '../restarts/claim';
import type { ReplacementActivities } from './contract';
import { Crossing } from './crossing';
import type { ReplacementDependencies } from './dependencies';
import { clientUrl, limits, type Party, poolOf, replacementOf } from './parties';
import { PromotionFate } from './promotion-fate';

type Request = Parameters<ReplacementActivities['switchOver']>[0];

/** The way of the clients, and what may have become of a promotion; `leave` ends the sessions. */
async function approach({ source, replica, roles }: Request, alive: Alive, use: ReplacementDependencies) {
  const { servers } = use;
  const [pool, old, replacement] = await Promise.all([
    poolOf(use),
    servers.readServer(source),
    replacementOf({ source, replica }, use),
  ]);
  const session = (url: string) => new Session(url, limits, use.certificateFile);
  const asAdministrator = (server: Party) => urlOf(server, 'admin', use.connections, undefined);
  const sessions = {
    old: session(await asAdministrator(old)),
    replacement: session(await asAdministrator(replacement)),
    client: session(await clientUrl(replacement, pool, use)),
  };
  const context = Context.current();
  const claim = claimOf(alive);
  const fate = new PromotionFate(async () => (await servers.readServer(replica)).state === 'Ready');
  const crossing = new Crossing(pool, { ...sessions, host: replacement.host }, fate, {
    ...{ ...claim, roles },
    log: (words) => void context.log.warn(words),
  });
  const whereClientsAre = () =>
    crossing.isPromoted
      ? `${replica} is promoted, and ${crossing.trouble}`
      : `clients wait: ${source} lets nobody in, and it is not known whether ${replica} is promoted yet`;
  const leave = () => {
    for (const one of Object.values(sessions)) one.end();
  };
  return { claim, fate, crossing, whereClientsAre, leave };
}

export async function switchOver(
  request: Request,
  given: Circumstances,
  alive: Alive,
  use: ReplacementDependencies,
): Promise<string> {
  const { servers } = use;
  const { replica } = request;
  const context = Context.current();
  const { claim, fate, crossing, whereClientsAre, leave } = await approach(request, alive, use);
  // An earlier attempt has heard Azure's yes.
  if (given.resumed?.operation) fate.adopted();
  /** Of the promotion's operation. */
  const noted = async (state: OperationState | undefined) => {
    if (state?.status !== 'failed' && state?.status !== 'canceled') return;
    // Refused as busy after all: of what keeps the server busy it says nothing.
    await (isBusyCode(state.code) ? crossing.refused() : crossing.ended());
  };
  /** What Azure answers to that says nothing of where clients are; what becomes of it, verification sees. */
  let askedAgain = false;
  const promotion: Change<FlexibleServer> = {
    name: 'promotion',
    isThere: ({ source: follows }) => follows === undefined,
    async send(accepted) {
      // Its operation has failed after its effect: the server is a primary, and Azure says that it follows.
      if (crossing.isPromoted) askedAgain = true;
      else {
        await crossing.prepare();
        fate.asked();
      }
      try {
        claim.assertAwake();
        const answer = await servers.promote(replica, { identity: claim.identity, accepted });
        await noted(answer.state);
        return answer;
      } catch (error) {
        // An answer that is lost may have been a yes.
        if (azureProblem(error)?.type === 'AzureUnavailable' && !neverSent(error)) fate.unheard();
        else await crossing.refused();
        throw error;
      }
    },
  };
  const resources = {
    ...asResources(servers),
    // As soon as it is known, not when the next change is made: clients wait.
    pollOperation: async (...asked: Parameters<typeof servers.pollOperation>) => {
      const state = await servers.pollOperation(...asked);
      await noted(state);
      return state;
    },
  };
  // Whoever is told to stop once it is asked for goes on asking how it ends: clients wait for that.
  const patient = (ms: number) => (fate.mayCome ? inSlices(ms, claim, sleep) : given.sleep(ms));
  try {
    await crossing.adopt();
    await makeChanges(replica, [promotion], resources, {
      ...given,
      sleep: patient,
      assertAwake: () => claim.assertAwake(),
    });
    await crossing.assertOurs();
    fate.seen();
    await crossing.end(leftMs(given));
    await crossing.assertOurs();
    if (context.cancellationSignal.aborted) throw context.cancellationSignal.reason as Error;
  } catch (error) {
    fate.lost();
    await crossing.end(leftMs(given));
    // What was done before it was known that the promotion has come says nothing of where clients are.
    const wasStopped = error instanceof CancelledFailure;
    if (crossing.isOver && claim.isOurs() && (isGivenUp(error) || (askedAgain && !wasStopped))) return crossing.words;
    if (!claim.isOurs()) throw error;
    const told = toFailure(error, [azureProblem, kubernetesProblem, postgresProblem]);
    if (crossing.wentBack) {
      await crossing.assertOurs();
      throw failure('SwitchoverGivenUp', wasStopped ? 'it was stopped' : told.message);
    }
    const isTriedAgain = told instanceof ApplicationFailure && !told.nonRetryable;
    if (wasStopped || isTriedAgain || crossing.isOver) throw told;
    // It would be taken for the state of before.
    throw failure('OperationDeadlineExceeded', `${whereClientsAre()}: ${told.message}`);
  } finally {
    leave();
  }
  if (crossing.isOver) return crossing.words;
  if (!claim.isOurs()) claim.assertAwake();
  throw failure('OperationDeadlineExceeded', whereClientsAre());
}

/** Azure has to be seen idle for 60 s, and each attempt begins to count anew. */
const attemptMs = 90_000;

/** No promotion is asked for: only what may still come of an earlier one is awaited. */
export async function reopenSource(
  request: Request,
  given: Circumstances,
  alive: Alive,
  use: ReplacementDependencies,
): Promise<void> {
  const { claim, crossing, whereClientsAre, leave } = await approach(request, alive, use);
  try {
    await crossing.adopt();
    await crossing.supersede();
    await crossing.end(Math.max(leftMs(given), attemptMs));
    if (crossing.wentBack) return await crossing.assertOurs();
  } finally {
    leave();
  }
  claim.assertAwake();
  if (!crossing.isOver) throw failure('OperationDeadlineExceeded', whereClientsAre());
  throw failure('NoWayBack', `${request.replica} was promoted after all, and clients are there`);
}

function leftMs({ deadlineAt }: Circumstances): number {
  return Math.max(0, deadlineAt - Date.now());
}

function isGivenUp(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === 'SwitchoverGivenUp';
}
