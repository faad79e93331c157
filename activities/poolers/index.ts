/** The activities of deployPgbouncer: contract.ts says what each does. */
import type { Alive } from '../alive';
import { azureProblem } from '../azure/failures';
import { assertStill, guarded } from '../deployments/guarded';
import { asFailures, failure } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import type { KnownObject } from '../kubernetes/kubernetes';
import { isMadeBy } from '../kubernetes/manifests';
import { postgresProblem } from '../postgres/failures';
import type { ObjectState, PoolerActivities, PoolerKind } from './contract';
import { knownPooler, type PoolerDependencies } from './dependencies';
import { inspectPooler } from './inspection';
import { managedBy } from '../kubernetes/managed';
import { manifestOf, mergedInto, podLabels } from './manifests';
import { contentWith, contentWithout, holds } from './secret';
import { readState, readWanted, showState, shownWanted, type Wanted } from './state';
import { verifyFormerPods, verifyGone, verifyPods } from './verification';

export function createPoolerActivities(use: PoolerDependencies): PoolerActivities {
  const kubernetes = () => use.kubernetes();
  const what = (kind: PoolerKind) => `${kind} ${knownPooler(use).name}`;

  /** What the object is to hold for it to show `to`. */
  function contentOf(kind: PoolerKind, found: KnownObject | undefined, to: ObjectState, wanted: Wanted) {
    if (to.former) return to.former;
    const { pooler, settings, rendered, secret, inUse } = wanted;
    if (to.shown !== shownWanted(kind, wanted)) {
      if (kind === 'Secret' && found) return contentWithout(rendered, found);
      throw failure('Drift', `${what(kind)} is to be ${shownWanted(kind, wanted)} by now, not ${to.shown} any more`);
    }
    if (kind === 'Secret') return contentWith(rendered, found, inUse);
    if (kind === 'Deployment' && !(secret && holds(secret, rendered))) {
      throw failure('Drift', `${what('Secret')} does not hold the configuration that the pods are to take`);
    }
    const { content } = manifestOf(kind, pooler, settings, rendered.fingerprint);
    return found ? mergedInto(found.content, content) : content;
  }

  const activities: PoolerActivities = {
    inspectPooler: ({ settings }) => inspectPooler(settings, use),

    async readPoolerObject({ kind, settings }) {
      const wanted = await readWanted(kubernetes(), knownPooler(use), settings);
      const { state } = await readState(kind, kubernetes(), wanted);
      return { ...(state ? { state } : {}), at: Date.now() };
    },

    changePoolerObject: (request) => {
      const { kind, settings, to } = request;
      return guarded<ObjectState | undefined>(
        what(kind),
        request,
        async () => {
          const wanted = await readWanted(kubernetes(), knownPooler(use), settings);
          const { found, state } = await readState(kind, kubernetes(), wanted);
          const write = async ({ identity }: Alive) => {
            if (to) {
              const content = contentOf(kind, found, to, wanted);
              const { name } = wanted.pooler;
              const labels = { ...podLabels(wanted.pooler), ...managedBy };
              if (found) return kubernetes().replaceContent(kind, found, content, identity);
              return kubernetes().createObject({ kind, name, labels, content }, identity);
            }
            if (!isMadeBy(found!, identity)) {
              throw failure('Drift', `${what(kind)} was not made by this run: it is left alone`);
            }
            return kubernetes().deleteObject(kind, found!, identity);
          };
          return { value: state, write };
        },
        showState,
      );
    },

    async verifyPoolerObject({ kind, settings, shown, since }) {
      const wanted = await readWanted(kubernetes(), knownPooler(use), settings);
      const { state } = await readState(kind, kubernetes(), wanted);
      assertStill(what(kind), shown ?? 'absent', showState(state), (text) => text);
      if (kind !== 'Deployment') return showState(state);
      if (shown === undefined) return verifyGone(wanted.pooler, use);
      const asWanted = shown === shownWanted(kind, wanted);
      return asWanted ? verifyPods(wanted, since, use) : verifyFormerPods(wanted.pooler, use);
    },
  };
  return asFailures(activities, [kubernetesProblem, azureProblem, postgresProblem]);
}
