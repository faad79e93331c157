/** What stands in the way of the pooler, and what a person should know. Pure, table-tested. */
import type { PoolConsumer } from '../../activities/deployments/contract';
import type { PoolerFacts, PoolerSettings } from '../../activities/poolers/contract';
import type { DeployPgbouncerInput, Finding, Topology } from '../../catalogue';
import type { Checks } from '../runbook/checks';
import { askAll, refuse, warn } from '../runbook/checks';
import { connectionBudget, reservedConnections } from '../scale-deployment/budget';
import { exceededQuotas, roomFor } from '../scale-deployment/decisions';

interface Situation {
  wanted: DeployPgbouncerInput;
  facts: PoolerFacts;
  topology: Topology;
  /** Pods that are not there yet, or only for a while. */
  added: number;
}

export function findings(wanted: DeployPgbouncerInput, facts: PoolerFacts, topology: Topology): Finding[] {
  return askAll(checks, { wanted, facts, topology, added: podsAdded(facts, topology) });
}

/** A rolling update has one pod more for a while (maxSurge 1). */
const surge = 1;

export function podsAdded({ objects: { Deployment }, pods }: PoolerFacts, { kubernetes }: Topology): number {
  if (Deployment.now === Deployment.wanted) return 0;
  const replicas = kubernetes?.pooler?.replicas ?? 0;
  return Math.max(0, replicas + (Deployment.now === undefined ? 0 : surge) - pods);
}

const settingNames = [
  'poolSize',
  'maxClientConnections',
  'serverLoginRetrySeconds',
  'queryWaitTimeoutSeconds',
  'ignoreStartupParameters',
] as const satisfies (keyof PoolerSettings)[];

/** Settings in force that this run changes, whether or not an input named them: "poolSize 100 → 25". */
export function changedSettings(
  wanted: PoolerSettings,
  { inForce, objects: { Secret, Deployment } }: Pick<PoolerFacts, 'inForce' | 'objects'>,
): { name: keyof PoolerSettings; words: string }[] {
  // A file that its pods go on with is not looked at, whatever somebody has written into it.
  if (!inForce || (Secret.now === Secret.wanted && Deployment.now === Deployment.wanted)) return [];
  return settingNames
    .map((name) => ({ name, from: inWords(inForce[name]), to: inWords(wanted[name]) }))
    .filter(({ from, to }) => from !== to)
    .map(({ name, from, to }) => ({ name, words: `${name} ${from} → ${to}` }));
}

function inWords(setting: number | string[]): string {
  return Array.isArray(setting) ? setting.join(', ') || 'none' : String(setting);
}

const checks: Checks<Situation> = {
  'its objects are ours': ({ facts: { foreign, name } }) =>
    foreign.map(({ kind, managers }) =>
      refuse(
        'ObjectOfAnother',
        'pooler',
        `${kind} ${name} is there already, made by ${managers.join(', ') || 'somebody else'}: remove it, or give the topology's pooler another name`,
      ),
    ),

  'nobody sets it back': ({ facts: { controllers, name } }) =>
    controllers.map(({ kind, controller }) =>
      refuse(
        'OwnedByController',
        'pooler',
        `${controller} owns ${kind} ${name} and would set it back: change it there`,
      ),
    ),

  'nothing was put into its pods by hand': ({ facts: { added = [], foreign, name } }) =>
    added.length > 0 && foreign.length === 0
      ? [
          refuse(
            'PodsChanged',
            'pooler',
            `somebody has put ${added.join(', ')} into Deployment ${name}, which would be gone: take it out first, and keep it elsewhere`,
          ),
        ]
      : [],

  'its pods are meant by nobody else': ({ facts: { strangers = [], objects, name } }) => {
    // A Service for pods that are there already, of metrics say, is no worse off than before.
    const isNew = objects.Deployment.now === undefined;
    const meant = strangers.filter((one) => !isPod(one) && (isNew || !one.startsWith('Service ')));
    return meant.length > 0
      ? [
          refuse(
            'PodsOfAnother',
            'pooler',
            `${meant.join(', ')} would mean pods with the label app=${name} too, or set their number: remove it, or give the topology's pooler another name`,
          ),
        ]
      : [];
  },

  'its Service means nobody else’s pods': ({ facts: { strangers = [], name } }) => {
    const pods = strangers.filter(isPod);
    return pods.length > 0
      ? [
          refuse(
            'PodsOfAnother',
            'pooler',
            `${pods.join(', ')} has the label app=${name} and is none of the pooler's: Service ${name} would lead clients there. Remove it or its label, or give the topology's pooler another name`,
          ),
        ]
      : [];
  },

  'the application can be pooled': ({ facts: { application } }) =>
    application.problem === undefined ? [] : [refuse('LoginNotPoolable', 'application', application.problem)],

  'authorities are there': ({ facts: { authoritiesThere }, topology }) => {
    const { configMap, key } = topology.kubernetes!.pooler!.authorities;
    return authoritiesThere
      ? []
      : [
          refuse(
            'AuthoritiesMissing',
            'pooler',
            `there is no certificate in ${key} of ConfigMap ${configMap}: put those there that sign the server's`,
          ),
        ];
  },

  'no pooler before the server': ({ facts: { builtInPooler, server } }) =>
    builtInPooler
      ? [
          refuse(
            'PooledTwice',
            'pooler',
            `Azure's own PgBouncer of ${server} is on (pgbouncer.enabled): one of the two must go`,
          ),
        ]
      : [],

  'connections of the database': ({ wanted, facts, topology }) => {
    const { server, maxConnections, consumers } = facts.database;
    const after = consumersWith(wanted, facts, consumers, topology);
    const { lines, total, available } = connectionBudget(after, maxConnections - reservedConnections);
    if (total <= available) return [];
    const own = connectionBudget(after.slice(-1), available).total;
    const fits = Math.floor((available - total + own) / (own / wanted.poolSize));
    return [
      refuse(
        'ConnectionBudgetExceeded',
        'poolSize',
        [
          `${server} takes ${maxConnections} connections, ${reservedConnections} of them reserved: ${available}`,
          ...lines,
          `together ${total}, ${total - available} too many: ${fits > 0 ? `poolSize ${fits} would fit` : 'no pool would fit'}, or more max_connections (databaseRestart)`,
        ].join('\n'),
      ),
    ];
  },

  quota: ({ facts, added }) =>
    exceededQuotas(facts, added).map((sentence) => refuse('QuotaExceeded', 'pooler', sentence)),

  'nodes have room': ({ facts, added, topology }) => {
    const room = roomFor(facts);
    if (room >= added) return [];
    const sentence = `${added} more pods of the pooler are to run, and the nodes have room for ${room}`;
    return topology.kubernetes?.nodeAutoscaler
      ? [warn('NodesNeeded', 'pooler', `${sentence}: the cluster autoscaler adds nodes`)]
      : [refuse('NoRoom', 'pooler', `${sentence}: add nodes first`)];
  },

  'image can be pulled': ({ facts: { imageRuns }, added, topology }) =>
    added > 0 && !imageRuns
      ? [
          warn(
            'ImageUnproven',
            'pooler',
            `no Ready pod of the pooler runs ${topology.kubernetes?.pooler?.image}: nobody has seen that it can be pulled and starts`,
          ),
        ]
      : [],

  'what is left as it is serves': ({ facts: { objects, pods, unready = [] }, topology }) => {
    if (Object.values(objects).some(({ now, wanted }) => now !== wanted)) return [];
    const replicas = topology.kubernetes?.pooler?.replicas ?? 0;
    if (unready.length === 0 && pods === replicas) return [];
    const why = unready.length > 0 ? `${unready.join(', ')} is not Ready` : `${pods} of ${replicas} pods are there`;
    return [
      refuse(
        'PoolerNotReady',
        'pooler',
        `nothing differs from what is wanted, and ${why}: wait until its rollout is over, or look why (kubectl describe, kubectl logs)`,
      ),
    ];
  },

  'its clients stay': ({ facts: { objects } }) =>
    objects.Deployment.now !== undefined && objects.Deployment.now !== objects.Deployment.wanted
      ? [
          warn(
            'ClientsReconnect',
            'pooler',
            'every pod is replaced, one after the other: open transactions end, then its clients are let go and connect again',
          ),
        ]
      : [],

  'settings stay as they are': ({ wanted, facts }) =>
    // Whether an input was given, or is its default, cannot be told any more.
    changedSettings(wanted, facts).map(({ name, words }) =>
      warn(
        'SettingChanged',
        name,
        `${words}: an input that is left out is its default, so give ${name} if it is to stay`,
      ),
    ),

  'no client is refused for a parameter': ({ wanted, facts }) => {
    const changes = changedSettings(wanted, facts).some(({ name }) => name === 'ignoreStartupParameters');
    const { ignoreStartupParameters: ignored = [] } = facts.inForce ?? {};
    const gone = ignored.filter((name) => !wanted.ignoreStartupParameters.includes(name));
    return changes && gone.length > 0
      ? [
          warn(
            'ParametersRefused',
            'ignoreStartupParameters',
            `clients that send ${gone.join(', ')} when they connect are refused from then on ("unsupported startup parameter"), and nothing here tries it: give all of ${ignored.join(', ')} unless you know that none does`,
          ),
        ]
      : [];
  },

  'no parameter of clients is dropped': ({ wanted: { ignoreStartupParameters } }) => {
    const dropped = ignoreStartupParameters.filter((name) => name !== harmless);
    return dropped.length > 0
      ? [
          warn(
            'ParametersDropped',
            'ignoreStartupParameters',
            `clients that set ${dropped.join(', ')} are not told that it is dropped`,
          ),
        ]
      : [];
  },
};

function isPod(stranger: string): boolean {
  return stranger.startsWith('Pod ');
}

/** How many digits of a float are shown: drivers set it, and nothing depends on it from PostgreSQL 12 on. */
const harmless = 'extra_float_digits';

/** Every client of the server once the plan is carried out, the pooler last. */
function consumersWith(
  { poolSize }: DeployPgbouncerInput,
  { name }: PoolerFacts,
  consumers: PoolConsumer[],
  { kubernetes }: Topology,
): PoolConsumer[] {
  const pods = kubernetes?.pooler?.replicas ?? 0;
  return [
    ...consumers.filter(({ deployment }) => deployment !== name),
    { deployment: name, pods, maxSurge: String(surge), connectionsPerPod: poolSize },
  ];
}
