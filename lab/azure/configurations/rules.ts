/** Whether Azure takes a value for a server parameter. Pure; table-tested. */
import type { Setting } from '../../postgres/server';
import { providerErrors } from '../errors';
import { isReadOnly, replicaAtLeastPrimary } from './catalogue';
import { allowedValuesOf, dataTypeOf } from './view';

/** Throws when the parameter cannot be changed, or not to this value. */
export function assertValue(setting: Setting, value: string): void {
  if (isReadOnly(setting)) throw providerErrors.readOnlyConfiguration(setting.name);
  const allowed = allowedValuesOf(setting);
  if (!isAllowed(dataTypeOf(setting), allowed, value))
    throw providerErrors.invalidConfiguration(setting.name, value, allowed);
}

function isAllowed(dataType: string, allowed: string, value: string): boolean {
  switch (dataType) {
    case 'Integer':
      return /^-?\d+$/.test(value) && within(allowed, Number(value));
    case 'Numeric':
      return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value) && within(allowed, Number(value));
    case 'Boolean':
    case 'Enumeration':
      return allowed.split(',').includes(value.toLowerCase()) || allowed.split(',').includes(value);
    case 'Set':
      return /^[\w,.-]*$/.test(value);
    default:
      return !/[\r\n\0]/.test(value) && (allowed === '.*' || new RegExp(`^(?:${allowed})$`).test(value));
  }
}

/** `-1-100` and `-10--5` are ranges too. */
function within(range: string, value: number): boolean {
  const match = /^(-?[\d.e+]+)-(-?[\d.e+]+)$/i.exec(range);
  if (!match) return true;
  return value >= Number(match[1]) && value <= Number(match[2]);
}

export interface Relative {
  name: string;
  /** The parameter's value there, pending ones included. */
  value: string;
}

/** Throws when a replica would have less than its primary. */
export function assertReplicaOrder(
  name: string,
  value: string,
  relatives: { primary?: Relative; replicas: Relative[] },
): void {
  if (!replicaAtLeastPrimary.includes(name)) return;
  const { primary, replicas } = relatives;
  if (primary && Number(value) < Number(primary.value)) {
    throw providerErrors.configurationBelowPrimary(name, value, primary.name, primary.value);
  }
  for (const replica of replicas) {
    if (Number(value) > Number(replica.value))
      throw providerErrors.configurationAboveReplica(name, value, replica.name, replica.value);
  }
}
