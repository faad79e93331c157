/** What preflight reads for the pooler: its objects, whose they are, the login, the connections, the room. Reads only. */
import type { FlexibleServer } from '../azure/flexible-servers';
import { connectionsOf } from '../deployments/inspection';
import { controllerOf } from '../deployments/controller';
import { builtInPooler as readBuiltInPooler } from '../database/inspection';
import type { KnownObject } from '../kubernetes/kubernetes';
import { reading } from '../postgres/connection';
import { postgresProblem } from '../postgres/failures';
import type { Upstream } from '../pgbouncer/configuration';
import { isManaged } from '../kubernetes/managed';
import { type PoolerFacts, type PoolerKind, poolerKinds, type PoolerSettings } from './contract';
import { knownPooler, type PoolerDependencies } from './dependencies';
import { addedTo, limits, manifestOf, podLabels, requests, selectorOf } from './manifests';
import { leadsTo, readPrimary, urlAt } from './passage';
import { strangersAmong } from './pods';
import { inForce, readUpstream, shownNow, shownWanted, type Wanted, wantedWith } from './state';

const listMax = 200;
/** One is enough to refuse, and some to see whose they are. */
const strangersMax = 5;

export async function inspectPooler(settings: PoolerSettings, use: PoolerDependencies): Promise<PoolerFacts> {
  const kubernetes = use.kubernetes();
  const pooler = knownPooler(use);
  const { name, authorities } = pooler;
  const server = await use.servers.readServer(use.topology.postgres.primary);
  const [upstream, found, authority, builtInPooler, database, nodes, quotas, selecting, labeled, autoscalers] =
    await Promise.all([
      readUpstream(kubernetes, pooler),
      Promise.all(poolerKinds.map((kind) => kubernetes.findObject(kind, name))),
      kubernetes.findConfiguration(authorities.configMap, authorities.key),
      readBuiltInPooler(server.name, use),
      connectionsOf(kubernetes, use),
      kubernetes.readNodes(),
      kubernetes.readQuotas(),
      kubernetes.selecting(podLabels(pooler)),
      kubernetes.readLabeledPods(selectorOf(pooler)),
      kubernetes.readAutoscalers(name),
    ]);
  const objects = Object.fromEntries(poolerKinds.map((kind, index) => [kind, found[index]])) as Objects;
  const pods = objects.Deployment ? await kubernetes.readPods(await kubernetes.readDeployment(name)) : [];
  const present = pods.filter(({ terminating }) => !terminating);
  // Where the URL cannot be pooled nothing can be rendered; the run is refused for it.
  const wanted =
    typeof upstream === 'string'
      ? undefined
      : wantedWith({ pooler, settings, upstream, secret: objects.Secret }, objects.Deployment);
  const taken = wanted && inForce(wanted);
  const reached = objects.Service !== undefined && present.some(({ ready }) => ready);
  return {
    ...{ namespace: kubernetes.namespace, name, server: server.name, builtInPooler, database, requests, limits },
    objects: states(objects, wanted),
    ...(taken ? { inForce: taken.settings, serves: taken.sameLogin && reached } : {}),
    foreign: ofEach(objects, (kind, object) =>
      isManaged(object) ? [] : [{ kind, managers: object.managers.slice(0, listMax) }],
    ),
    controllers: ofEach(objects, (kind, object) => {
      const controller = controllerOf(object, { whole: true });
      return controller ? [{ kind, controller }] : [];
    }),
    added: objects.Deployment
      ? addedTo(objects.Deployment.content, manifestOf('Deployment', pooler, settings, '').content)
      : [],
    strangers: [
      // A NetworkPolicy is welcome.
      ...selecting.filter((one) => !one.startsWith('NetworkPolicy ') && !one.endsWith(` ${name}`)),
      ...autoscalers.map((one) => `HorizontalPodAutoscaler ${one.name}`),
      ...strangersAmong(labeled, pods)
        .slice(0, strangersMax)
        .map((one) => `Pod ${one}`),
    ],
    application: await loginOf(upstream, server, use),
    authoritiesThere: /-----BEGIN CERTIFICATE-----/.test(authority ?? ''),
    pods: present.length,
    imageRuns: present.some(({ ready, image }) => ready && image === pooler.image),
    unready: present.filter(({ ready, image }) => !ready || image !== pooler.image).map((pod) => pod.name),
    nodes: nodes
      .filter(({ schedulable }) => schedulable)
      .slice(0, listMax)
      .map(({ name: node, free }) => ({ name: node, free })),
    quotas: quotas.slice(0, listMax),
  };
}

type Objects = Record<PoolerKind, KnownObject | undefined>;

function ofEach<T>(objects: Objects, tell: (kind: PoolerKind, object: KnownObject) => T[]): T[] {
  return poolerKinds.flatMap((kind) => (objects[kind] ? tell(kind, objects[kind]) : []));
}

function states(objects: Objects, wanted: Wanted | undefined): PoolerFacts['objects'] {
  const stateOf = (kind: PoolerKind) => {
    const now = wanted && shownNow(kind, objects[kind], wanted);
    return { ...(now === undefined ? {} : { now }), wanted: wanted ? shownWanted(kind, wanted) : 'unknown' };
  };
  return Object.fromEntries(poolerKinds.map((kind) => [kind, stateOf(kind)])) as PoolerFacts['objects'];
}

/** Tried at the address that Azure gives, then at its own, which may be a name that only pods know. */
async function loginOf(
  upstream: Upstream | string,
  server: Pick<FlexibleServer, 'name' | 'host' | 'source'>,
  use: PoolerDependencies,
): Promise<PoolerFacts['application']> {
  if (typeof upstream === 'string') return { problem: upstream };
  const { host } = upstream;
  try {
    await reading(urlAt(server.host, upstream), use.certificateFile, (client) => client.query('SELECT 1'));
  } catch (error) {
    const problem = postgresProblem(error) ?? (error as { type?: string });
    if (problem.type !== 'DatabaseLoginRejected') throw error;
    return { host, problem: `${server.name} refuses its login: ${(error as Error).message}` };
  }
  // Every pod would write there, Ready, long before anybody has verified where it leads.
  const leads = await leadsTo(await readPrimary(server, use), upstream, use);
  return leads === false ? { host, problem: `it leads to ${host}, which is not ${server.name}` } : { host };
}
