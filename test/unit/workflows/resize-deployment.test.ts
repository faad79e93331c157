/** The decisions of resizeDeployment, as tables: which inputs are sizes, which way is the gentlest, what stands in the way. */
import type { SizeFacts } from '../../../activities/deployments/contract';
import { describePodSize, inputProblems, type PodSize, podSizeOf, resizeDeploymentInput } from '../../../catalogue';
import { classOf, findings, wayTo } from '../../../workflows/resize-deployment/decisions';
import { definition } from '../../../workflows/resize-deployment/workflow';
import { topologyWith } from './support/topology';

const mebibyte = 2 ** 20;
const size = (cpu: number, memory: number, cpuMost: number, memoryMost: number): PodSize => ({
  requests: { cpuMillis: cpu, memoryBytes: memory * mebibyte },
  limits: { cpuMillis: cpuMost, memoryBytes: memoryMost * mebibyte },
});
const use = (cpuMillis: number, memory: number) => ({ cpuMillis, memoryBytes: memory * mebibyte });

const topology = topologyWith();

/** Of the guide's size "small". */
const small = size(125, 128, 250, 256);

function facts(more: Partial<SizeFacts> = {}): SizeFacts {
  return {
    ...{ namespace: 'broxiva-prod', name: 'broxiva-api', replicas: 3, readyReplicas: 3, paused: false },
    ...{ size: small, obstacles: [], podSizes: [small], usage: [use(50, 100), use(70, 120)], restarts: {} },
    nodes: [{ name: 'one', free: { ...use(4000, 8192), pods: 30 } }],
    ...{ quotas: [], maxSurge: '25%', autoscalers: [], clientsAnswer: true },
    ...more,
  };
}

const asked = { deployment: 'broxiva-api', requestedBy: 'a@example.com' };
const input = (more: object) => resizeDeploymentInput.parse({ ...asked, ...more });
const resources = (cpu: string, memory: string) => ({ cpu, memory });

describe('the size that is asked for', () => {
  test.each<[string, object, PodSize]>([
    ['small', { size: 'small' }, size(125, 128, 250, 256)],
    ['medium', { size: 'medium' }, size(250, 256, 500, 512)],
    ['large', { size: 'large' }, size(500, 512, 1000, 1024)],
    ['x-large', { size: 'x-large' }, size(1000, 1024, 2000, 2048)],
    [
      'requests and limits, in any unit',
      { requests: resources('0.25', '134217728'), limits: resources('1', '0.5Gi') },
      size(250, 128, 1000, 512),
    ],
    [
      'equal ones',
      { requests: resources('500m', '512Mi'), limits: resources('500m', '512Mi') },
      size(500, 512, 500, 512),
    ],
  ])('%s', (_name, given, expected) => {
    expect(podSizeOf(input(given))).toEqual(expected);
  });

  test.each<[string, object, string, RegExp]>([
    ['neither a size nor resources', {}, 'size', /give either a size, or requests and limits/],
    [
      'both',
      { size: 'small', requests: resources('1', '1Gi'), limits: resources('1', '1Gi') },
      'size',
      /give either a size/,
    ],
    [
      'no quantity',
      { requests: resources('ten', '1Gi'), limits: resources('1', '1Gi') },
      'requests.cpu',
      /a quantity of CPU/,
    ],
    ['requests alone', { requests: resources('1', '1Gi') }, 'limits', /requests and limits go together/],
    ['limits alone', { limits: resources('1', '1Gi') }, 'limits', /requests and limits go together/],
    [
      'requests above limits',
      { requests: resources('2', '1Gi'), limits: resources('1', '1Gi') },
      'requests',
      /more than the limits/,
    ],
    ['an unknown size', { size: 'huge' }, 'size', /one of small, medium, large, x-large/],
    [
      'a negative one',
      { requests: resources('-1', '1Gi'), limits: resources('1', '1Gi') },
      'requests.cpu',
      /10m to 128/,
    ],
    ['no CPU', { requests: resources('0', '1Gi'), limits: resources('1', '1Gi') }, 'requests.cpu', /10m to 128/],
    [
      'too little memory',
      { requests: resources('1', '1Mi'), limits: resources('1', '1Gi') },
      'requests.memory',
      /16Mi to 1Ti/,
    ],
    ['too much', { requests: resources('1', '1Gi'), limits: resources('1', '2Ti') }, 'limits.memory', /16Mi to 1Ti/],
    ['a number', { requests: { cpu: 1, memory: '1Gi' }, limits: resources('1', '1Gi') }, 'requests.cpu', /text/],
    ['an unknown field', { size: 'small', container: 'web' }, 'container', /deployment/],
    ['an unknown way', { size: 'small', way: 'fast' }, 'way', /gentlest, rollout/],
    ['no deployment', { size: 'small', deployment: '' }, 'deployment', /lower-case letters/],
    ['a wildcard', { size: 'small', deployment: '*' }, 'deployment', /lower-case letters/],
  ])('refused: %s', (_name, given, field, allowed) => {
    const problems = inputProblems(resizeDeploymentInput, { ...asked, ...given });
    expect(problems.map((problem) => problem.field)).toEqual([field]);
    expect(`${problems[0]!.allowed}: ${problems[0]!.remedy}`).toMatch(allowed);
  });

  test.each([
    [small, '0.125–0.25 CPU, 128–256 MiB'],
    [size(500, 512, 500, 512), '0.5 CPU, 512 MiB'],
    [size(100, 64, 0, 0), '0.1–any CPU, 64–any MiB'],
  ])('said as %#', (given, words) => {
    expect(describePodSize(given)).toBe(words);
  });
});

describe('the way to it', () => {
  const large = { size: 'large' };
  test.each<[string, object, Partial<SizeFacts>, string, RegExp]>([
    ['in place', large, {}, 'inPlace', /^$/],
    [
      'smaller in place',
      { size: 'small' },
      { size: podSizeOf(input(large)), podSizes: [podSizeOf(input(large))] },
      'inPlace',
      /^$/,
    ],
    ['so already', { size: 'small' }, {}, 'nothing', /^$/],
    ['so already, in whatever way', { size: 'small', way: 'rollout' }, {}, 'nothing', /^$/],
    ['asked for a rollout', { ...large, way: 'rollout' }, {}, 'rollout', /asked for/],
    [
      'pods that restart for it',
      large,
      { obstacles: ['the resize policy of 3 pods restarts their container'] },
      'rollout',
      /resize policy/,
    ],
    ['pods of several sizes', large, { podSizes: [small, size(1, 1, 2, 2)] }, 'rollout', /several sizes/],
    ['no pods', large, { podSizes: [], obstacles: ['no pod runs'] }, 'rollout', /no pod runs/],
    [
      'pods of another size than the template',
      { size: 'small' },
      { podSizes: [size(1, 1, 2, 2)] },
      'rollout',
      /template/,
    ],
    [
      'another class',
      { requests: resources('250m', '256Mi'), limits: resources('250m', '256Mi') },
      {},
      'rollout',
      /from Burstable to Guaranteed/,
    ],
  ])('%s', (_name, wanted, more, way, why) => {
    expect(wayTo(input(wanted), facts(more))).toEqual({ way, why: expect.stringMatching(why) as string });
  });

  test.each([size(125, 128, 0, 256), size(125, 128, 250, 0), size(125, 128, 0, 0)])(
    'a limit where there was none: %#',
    (now) => {
      const { way, why } = wayTo(input(large), facts({ size: now, podSizes: [now] }));
      expect({ way, why }).toEqual({ way: 'rollout', why: 'a new limit could not be taken away again in place' });
    },
  );

  test.each<[string, PodSize, string]>([
    ['all equal', size(1, 1, 1, 1), 'Guaranteed'],
    ['limits above requests', size(1, 1, 2, 2), 'Burstable'],
    ['CPU alone', size(1, 0, 1, 0), 'Burstable'],
    ['nothing', size(0, 0, 0, 0), 'BestEffort'],
  ])('class: %s', (_name, given, expected) => {
    expect(classOf(given)).toBe(expected);
  });
});

describe('the steps', () => {
  const names = (wanted: object, more: Partial<SizeFacts> = {}) =>
    definition.steps(input(wanted), facts(more), topology).map(({ name, from, to }) => [name, from, to]);
  const change = ['0.125–0.25 CPU, 128–256 MiB', '0.5–1 CPU, 512–1024 MiB'];

  test.each<[string, object, string[][]]>([
    [
      'in place: pods, then the template',
      { size: 'large' },
      [
        ['resize pods of broxiva-api', ...change],
        ['align template of broxiva-api', ...change],
      ],
    ],
    ['by a rollout', { size: 'large', way: 'rollout' }, [['roll out size of broxiva-api', ...change]]],
    ['so already', { size: 'small' }, []],
  ])('%s', (_name, wanted, steps) => {
    expect(names(wanted)).toEqual(steps);
  });
});

describe('what stands in the way', () => {
  const found = (wanted: object, more: Partial<SizeFacts> = {}) =>
    findings(input(wanted), facts(more), topology)
      .filter(({ level }) => level !== 'ok')
      .map(({ level, code, message }) => `${level} ${code}: ${message}`);
  const large = { size: 'large' };
  const cpu = { name: 'hpa', targets: [{ metric: 'cpu', percent: 70 }] };

  test.each<[string, object, Partial<SizeFacts>, RegExp[]]>([
    ['nothing', large, {}, []],
    [
      'Argo CD owns it',
      large,
      { controller: 'Argo CD application shop' },
      [/^refusal OwnedByController: Argo CD application shop/],
    ],
    ['it is paused', large, { paused: true }, [/^refusal Paused: broxiva-api is paused/]],
    ['pods that are not Ready', large, { readyReplicas: 2 }, [/^refusal PodsNotReady: 2 of 3/]],
    ['a rollout is told of', { ...large, way: 'rollout' }, {}, [/^warning Rollout: .*: asked for$/]],
    [
      'below what is used',
      { requests: resources('125m', '32Mi'), limits: resources('250m', '64Mi') },
      {},
      [/^refusal BelowUse: a pod of broxiva-api uses 120 MiB now, and would be killed at 64 MiB$/],
    ],
    [
      'no room: in place only the difference counts',
      large,
      { nodes: [{ name: 'one', free: { ...use(375, 383), pods: 30 } }] },
      [/^refusal NoRoom: no node has 0.375 CPU and 384 MiB free/],
    ],
    ['room for the difference', large, { nodes: [{ name: 'one', free: { ...use(375, 384), pods: 30 } }] }, []],
    [
      'no room: a rollout needs a whole pod more',
      { ...large, way: 'rollout' },
      { nodes: [{ name: 'one', free: { ...use(375, 384), pods: 30 } }] },
      [/^warning Rollout/, /^refusal NoRoom: no node has 0.5 CPU and 512 MiB free/],
    ],
    [
      'a quota',
      large,
      { quotas: [{ quota: 'all', resource: 'requests.cpu', hard: 1, used: 0.375 }] },
      [/^refusal QuotaExceeded: quota "all" allows requests.cpu 1, 0.375 are used, 1.125 more are needed$/],
    ],
    ['a quota of something else', large, { quotas: [{ quota: 'all', resource: 'pods', hard: 3, used: 3 }] }, []],
    [
      'an autoscaler that sees another share',
      large,
      { autoscalers: [cpu] },
      [
        /^warning AutoscalerSeesAnotherShare: hpa aims at 70 % of the cpu request: what pods use now is 48 % of it, and will be 12 %$/,
      ],
    ],
    ['one that nobody measures', large, { autoscalers: [cpu], usage: [] }, []],
    ['clients that do not answer', large, { clientsAnswer: false }, [/^warning ClientsUnmeasured/]],
  ])('%s', (_name, wanted, more, expected) => {
    expect(found(wanted, more)).toEqual(expected.map((words) => expect.stringMatching(words) as string));
  });
});
