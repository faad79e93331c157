/** The address by which a deployment reads from a replica, as a table. */
import { addressIn, replicaUrl, showAddress } from '../../../../activities/replicas/address';

const address = { host: 'replica.example', application: 'broxiva-api' };

test.each([
  [
    'postgresql://app:p%40ss@primary.example/shop',
    'postgresql://app:p%40ss@replica.example/shop?application_name=broxiva-api',
  ],
  [
    'postgresql://app:x@primary.example:6432/shop?sslmode=require',
    'postgresql://app:x@replica.example:6432/shop?sslmode=require&application_name=broxiva-api',
  ],
  [
    'postgresql://app:x@primary.example/shop?application_name=other',
    'postgresql://app:x@replica.example/shop?application_name=broxiva-api',
  ],
])('%s', (primary, replica) => {
  const url = replicaUrl(primary, address);
  expect(url).toBe(replica);
  expect(addressIn(url!)).toEqual(address);
});

test('of what is no URL there is none, and nothing of it is told', () => {
  expect(replicaUrl('host=primary password=secret', address)).toBeUndefined();
  expect(addressIn('host=primary password=secret')).toEqual({ host: 'no URL' });
});

test('shown without role and password', () => {
  expect(showAddress(addressIn('postgresql://app:secret@replica.example/shop'))).toBe('replica.example');
  expect(showAddress(address)).toBe('replica.example as broxiva-api');
});
