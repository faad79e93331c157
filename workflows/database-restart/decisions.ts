/** What is set on its own, what needs a restart, and who waits for it. Pure, table-tested. */
import type { ParameterFacts, PoolFacts, RestartFacts, Values } from '../../activities/restarts/contract';
import type { DatabaseRestartInput } from '../../catalogue';
import { differing } from '../../catalogue';

/** As Azure writes it. */
export function valueOf(given: string | number | boolean): string {
  if (typeof given === 'boolean') return given ? 'on' : 'off';
  return String(given);
}

/** By name, in the order of their names. */
export function wantedValues({ parameters }: DatabaseRestartInput): Values {
  const entries = Object.entries(parameters).map(([name, value]) => [name, valueOf(value)] as const);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

export interface Work {
  /** Take effect by themselves. */
  dynamic: { name: string; from: string; to: string }[];
  /** Take effect with the restart; what the server runs with, and what it is to run with. */
  fixed: { from: Values; to: Values };
  restarts: boolean;
}

export function workOf(input: DatabaseRestartInput, { parameters, restarted }: RestartFacts): Work {
  const wanted = wantedValues(input);
  const runs = ({ running, value }: ParameterFacts) => running ?? value;
  const differs = (one: ParameterFacts) =>
    one.value !== wanted[one.name] ||
    differing({ [one.name]: runs(one) }, { [one.name]: wanted[one.name]! }).length > 0;
  const changed = parameters.filter(differs);
  const dynamic = changed.filter(({ isStatic }) => !isStatic);
  const fixed = changed.filter(({ isStatic }) => isStatic);
  const values = (of: (one: ParameterFacts) => string) => Object.fromEntries(fixed.map((one) => [one.name, of(one)]));
  return {
    dynamic: dynamic.map((one) => ({ name: one.name, from: runs(one), to: wanted[one.name]! })),
    fixed: { from: values(runs), to: values(({ name }) => wanted[name]!) },
    restarts: fixed.length > 0 || (input.restart && !restarted),
  };
}

/** The pooler whose clients can wait while the server restarts; undefined where none leads there. */
export function poolBefore({ pool }: RestartFacts): PoolFacts | undefined {
  return typeof pool === 'object' && pool.pods.some(({ leadsHere }) => leadsHere === true) ? pool : undefined;
}

/** Servers that must have at least, or at most, as much: what another run gives them meanwhile counts here. */
export function comparedIn({ source, replicas }: RestartFacts): string[] {
  const neighbours = [...(source ? [source] : []), ...replicas];
  // A run whose facts are from before has not locked them.
  const known = neighbours.filter(({ problems }) => problems !== undefined);
  return known.filter(({ values }) => Object.keys(values).length > 0).map(({ name }) => name);
}

export function showValues(values: Values): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value === '' ? "''" : value}`)
    .join(', ');
}

/**
 * Whether Azure takes a value: "25-5000", "on,off", a regular expression. What it says in another form is for Azure itself to
 * judge.
 */
export function isAllowed({ dataType, allowedValues }: ParameterFacts, value: string): boolean {
  if (/^(Integer|Numeric)$/i.test(dataType)) {
    const number = /^integer$/i.test(dataType) ? /^-?\d+$/ : /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
    if (!number.test(value)) return false;
    const [, least, most] = /^(-?[\d.e+]+)-(-?[\d.e+]+)$/i.exec(allowedValues) ?? [];
    return least === undefined || (Number(value) >= Number(least) && Number(value) <= Number(most));
  }
  if (/^(Boolean|Enumeration)$/i.test(dataType)) {
    return allowedValues === '' || allowedValues.split(',').includes(value);
  }
  return !/[\r\n\0]/.test(value);
}
