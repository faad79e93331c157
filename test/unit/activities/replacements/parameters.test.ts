/** Which parameters a replica is still to be given. */
import type { DescribedParameter } from '../../../../activities/azure/flexible-servers';
import { toCarry } from '../../../../activities/replacements/parameters';

const parameter = (name: string, value: string, more: Partial<DescribedParameter> = {}): DescribedParameter => ({
  ...{ name, value, defaultValue: '', source: 'user-override', pendingRestart: false, isStatic: false },
  ...{ isReadOnly: false, dataType: 'Integer', allowedValues: '' },
  ...more,
});

test.each<[string, DescribedParameter[], DescribedParameter[], string[]]>([
  ['set on both', [parameter('work_mem', '8192')], [parameter('work_mem', '8192')], []],
  ['a default on the replica', [parameter('work_mem', '8192')], [parameter('work_mem', '4096')], ['work_mem 8192']],
  ['unknown there', [parameter('work_mem', '8192')], [], ['work_mem 8192']],
  [
    'a default of the size',
    [parameter('shared_buffers', '8', { source: 'system-default' })],
    [parameter('shared_buffers', '16')],
    [],
  ],
  ['Azure’s own', [parameter('fsync', 'on', { isReadOnly: true })], [parameter('fsync', 'off')], []],
])('%s', (_name, source, replica, missing) => {
  expect(toCarry(source, replica).map(({ name, value }) => `${name} ${value}`)).toEqual(missing);
});
