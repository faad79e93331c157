/** The decisions of configureAutoscaling, as tables: from an input to an autoscaler, how it is said, what stands in the way. */
import type { AutoscalingFacts } from '../../../activities/deployments/contract';
import { type AutoscalerSpec, configureAutoscalingInput, describeAutoscaling, inputProblems } from '../../../catalogue';
import {
  autoscalerName,
  autoscalerSpec,
  findings,
  mayHaveLeft,
  podsNow,
} from '../../../workflows/configure-autoscaling/decisions';
import { definition } from '../../../workflows/configure-autoscaling/workflow';
import { topologyWith } from './support/topology';

const topology = topologyWith();

const asked = { deployment: 'broxiva-api', min: 3, max: 10, cpuPercent: 70, requestedBy: 'a@example.com' };
const input = (more: object = {}) => configureAutoscalingInput.parse({ ...asked, ...more });

function facts(more: Partial<AutoscalingFacts> = {}): AutoscalingFacts {
  return {
    ...{ namespace: 'broxiva-prod', deployment: 'broxiva-api', name: 'broxiva-api-hpa', replicas: 3 },
    ...{ others: [], conflicts: [], missing: [], clientsAnswer: true },
    requests: { cpuMillis: 100, memoryBytes: 1000 },
    usage: [{ cpuMillis: 65, memoryBytes: 500 }],
    ...more,
  };
}

const rules = 'up after 60 s by 100 % in 60 s or 2 pods in 60 s; down after 300 s by 50 % in 60 s';

test.each([
  ['switched off by somebody', 0, false],
  ['fewer than it allows', 2, false],
  ['its least', 3, true],
  ['its most', 10, true],
  ['more than it allows', 11, false],
])('so many pods an autoscaler may have left: %s', (_name, pods, may) => {
  expect(mayHaveLeft(autoscalerSpec(input()), pods)).toBe(may);
});

describe('the autoscaler that is asked for', () => {
  test('every metric, with the guide’s rules where none are given', () => {
    const spec = autoscalerSpec(input({ memoryPercent: 80, requestsPerSecond: 100 }));
    expect(spec).toEqual({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'broxiva-api' },
      ...{ minReplicas: 3, maxReplicas: 10 },
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
        { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 80 } } },
        {
          type: 'Pods',
          pods: {
            metric: { name: 'http_requests_per_second' },
            target: { type: 'AverageValue', averageValue: '100' },
          },
        },
      ],
      behavior: {
        scaleUp: {
          ...{ stabilizationWindowSeconds: 60, selectPolicy: 'Max' },
          policies: [
            { type: 'Percent', value: 100, periodSeconds: 60 },
            { type: 'Pods', value: 2, periodSeconds: 60 },
          ],
        },
        scaleDown: {
          ...{ stabilizationWindowSeconds: 300, selectPolicy: 'Max' },
          policies: [{ type: 'Percent', value: 50, periodSeconds: 60 }],
        },
      },
    });
    expect(describeAutoscaling(spec)).toBe(
      `3 to 10 pods; cpu 70 %; memory 80 %; http_requests_per_second 100; ${rules}`,
    );
  });

  test.each([
    ['the deployment’s, with -hpa', {}, 'broxiva-api-hpa'],
    ['as given', { autoscaler: 'other' }, 'other'],
  ])('its name: %s', (_name, more, name) => {
    expect(autoscalerName(input(more))).toBe(name);
  });

  test.each<[string, Partial<AutoscalerSpec>, string]>([
    ['no floor', {}, '1 to 5 pods'],
    ['a quantity of another form', { metrics: [perPod('0.1k')] }, '1 to 5 pods; http_requests_per_second 100'],
    [
      'a metric of a kind that runbooks do not make',
      { metrics: [{ type: 'External' }] },
      '1 to 5 pods; External {"type":"External"}',
    ],
    ['never down', { behavior: { scaleDown: { selectPolicy: 'Disabled' } } }, '1 to 5 pods; down never'],
    [
      'the slower of two',
      {
        behavior: {
          scaleUp: {
            selectPolicy: 'Min',
            policies: [
              { type: 'Percent', value: 10, periodSeconds: 15 },
              { type: 'Pods', value: 1, periodSeconds: 15 },
            ],
          },
        },
      },
      '1 to 5 pods; up by 10 % in 15 s and 1 pods in 15 s',
    ],
  ])('said: %s', (_name, more, words) => {
    const spec = { scaleTargetRef: { kind: 'Deployment', name: 'x' }, maxReplicas: 5, ...more };
    expect(describeAutoscaling(spec)).toBe(words);
  });
});

function perPod(averageValue: string) {
  const target = { type: 'AverageValue', averageValue };
  return { type: 'Pods', pods: { metric: { name: 'http_requests_per_second' }, target } };
}

test.each<[string, object, string, RegExp]>([
  ['a floor above the ceiling', { min: 11 }, 'max', /less than min/],
  ['no metric', { cpuPercent: undefined }, 'cpuPercent', /no metric was given/],
  ['0 pods', { min: 0 }, 'min', /at least 1/],
  ['half a pod', { max: 3.5 }, 'max', /whole number/],
  ['"ten"', { max: 'ten' }, 'max', /a number/],
  ['0 %', { cpuPercent: 0 }, 'cpuPercent', /at least 1/],
  [
    'a window longer than Kubernetes allows',
    { scaleUp: { stabilizationSeconds: 3601, percent: 1 } },
    'scaleUp.stabilizationSeconds',
    /3,600/,
  ],
  [
    'a period longer than Kubernetes allows',
    { scaleDown: { stabilizationSeconds: 1, percent: 1, periodSeconds: 1801 } },
    'scaleDown.periodSeconds',
    /1,800/,
  ],
  ['rules without a percentage', { scaleUp: { stabilizationSeconds: 1 } }, 'scaleUp.percent', /number/],
  ['an unknown field', { targetCPU: 70 }, 'targetCPU', /cpuPercent/],
  ['no name', { deployment: '' }, 'deployment', /lower-case letters/],
  ['a name of capitals', { autoscaler: 'HPA' }, 'autoscaler', /lower-case letters/],
  ['a manager without a name', { takeOver: [''] }, 'takeOver.0', /at least 1 character/],
])('an input that is refused: %s', (_name, more, field, allowed) => {
  const problems = inputProblems(configureAutoscalingInput, { ...asked, ...more });
  expect(problems.map((problem) => problem.field)).toEqual([field]);
  expect(`${problems[0]!.allowed}: ${problems[0]!.remedy}`).toMatch(allowed);
});

describe('the steps', () => {
  const steps = (more: object, known: Partial<AutoscalingFacts> = {}) =>
    definition.steps(input(more), facts(known), topology).map(({ from, to }) => [from, to]);
  const wanted = autoscalerSpec(input());

  test.each<[string, object, Partial<AutoscalingFacts>, string[][]]>([
    ['made', {}, {}, [['no autoscaler', `3 to 10 pods; cpu 70 %; ${rules}`]]],
    ['so already', {}, { now: wanted }, []],
    [
      'so already, said in another way',
      {},
      { now: { ...wanted, scaleTargetRef: { kind: 'Deployment', name: 'broxiva-api' } } },
      [],
    ],
    [
      'changed',
      { max: 12 },
      { now: wanted },
      [[`3 to 10 pods; cpu 70 %; ${rules}`, `3 to 12 pods; cpu 70 %; ${rules}`]],
    ],
  ])('%s', (_name, more, known, expected) => {
    expect(steps(more, known)).toEqual(expected);
  });
});

describe('what stands in the way', () => {
  const found = (more: object, known: Partial<AutoscalingFacts> = {}) =>
    findings(input(more), facts(known), topology)
      .filter(({ level }) => level !== 'ok')
      .map(({ level, code, message }) => `${level} ${code}: ${message}`);
  const of = (kind: string, name: string) => ({ ...autoscalerSpec(input()), scaleTargetRef: { kind, name } });
  const kubectl = { manager: 'kubectl', fields: ['.spec.minReplicas', '.spec.maxReplicas'] };
  const helm = { manager: 'helm', fields: ['.spec.metrics'] };

  test.each<[string, object, Partial<AutoscalingFacts>, RegExp[]]>([
    ['nothing', {}, {}, []],
    [
      'limits beyond the topology',
      { min: 2, max: 51 },
      {},
      [/ReplicasOutOfRange: 2: .* 3 to 50 pods/, /ReplicasOutOfRange: 51/],
    ],
    [
      'one of another deployment',
      {},
      { now: of('Deployment', 'other') },
      [/^refusal AutoscalerOfAnother: .* Deployment other/],
    ],
    ['one of a StatefulSet', {}, { now: of('StatefulSet', 'broxiva-api') }, [/^refusal AutoscalerOfAnother/]],
    ['a second one', {}, { others: ['older'] }, [/^refusal TwoAutoscalers: older scales broxiva-api already/]],
    ['KEDA owns it', {}, { controller: 'KEDA ScaledObject x' }, [/^refusal OwnedByController: KEDA ScaledObject x/]],
    [
      'fields of two others',
      {},
      { conflicts: [kubectl, helm] },
      [/FieldsOfAnother: kubectl manages .spec.minReplicas, .spec.maxReplicas/, /FieldsOfAnother: helm/],
    ],
    ['one of them is named', { takeOver: ['kubectl'] }, { conflicts: [kubectl, helm] }, [/FieldsOfAnother: helm/]],
    ['both', { takeOver: ['kubectl', 'helm'] }, { conflicts: [kubectl, helm] }, []],
    ['no pods', {}, { replicas: 0, usage: [] }, [/^refusal AutoscalerOff/]],
    [
      'a metric without a source',
      { requestsPerSecond: 9 },
      { missing: ['http_requests_per_second'] },
      [/^warning MetricMissing/],
    ],
    [
      'no request to take a percentage of',
      {},
      { requests: { cpuMillis: 0, memoryBytes: 1 }, usage: [] },
      [/^refusal NoRequest: .* 70 %/],
    ],
    [
      'nor of memory',
      { memoryPercent: 80 },
      { requests: { cpuMillis: 100, memoryBytes: 0 }, usage: [] },
      [/^refusal NoRequest: .* no memory/],
    ],
    ['it would scale at once', { cpuPercent: 20 }, {}, [/^warning ScalesAtOnce: .* from 3 to 10 pods/]],
    ['clients that do not answer', {}, { clientsAnswer: false }, [/^warning ClientsUnmeasured/]],
  ])('%s', (_name, more, known, expected) => {
    expect(found(more, known)).toEqual(expected.map((words) => expect.stringMatching(words) as string));
  });
});

describe('how many pods it would want now', () => {
  const used = (cpuMillis: number, memoryBytes = 500) => [{ cpuMillis, memoryBytes }];
  test.each<[string, object, Partial<AutoscalingFacts>, number | undefined]>([
    ['nobody knows what pods use', {}, { usage: [] }, undefined],
    ['as many', {}, { usage: used(70) }, 3],
    ['a tenth more or less is left', {}, { usage: used(76) }, 3],
    ['more', {}, { usage: used(140) }, 6],
    ['on average over the pods', {}, { usage: [...used(40), ...used(100)] }, 3],
    ['never below the floor', {}, { usage: used(1) }, 3],
    ['never above the ceiling', {}, { usage: used(1000) }, 10],
    ['the greatest of two', { memoryPercent: 10 }, { usage: used(70, 200) }, 6],
    ['what is not measured does not count', { cpuPercent: undefined, requestsPerSecond: 5 }, { usage: used(500) }, 3],
  ])('%s', (_name, more, known, pods) => {
    expect(podsNow(autoscalerSpec(input(more)), facts(known))).toBe(pods);
  });
});
