/** Which pods are behind the pooler's Service, and none of its own. */
import { strangersAmong } from '../../../../activities/poolers/pods';

const pod = (name: string, terminating = false) => ({ name, uid: `uid of ${name}`, terminating });

test.each([
  ['its own', [pod('own-1'), pod('own-2')], []],
  ['one of somebody else', [pod('own-1'), pod('legacy-1'), pod('own-2')], ['legacy-1']],
  ['one of somebody else that is leaving', [pod('own-1'), pod('legacy-1', true)], []],
  ['no pods', [], []],
])('%s', (_what, labeled, strangers) => {
  expect(strangersAmong(labeled, [pod('own-1'), pod('own-2'), pod('made-just-now')])).toEqual(strangers);
});

test('without a pooler every pod with its label is a stranger', () => {
  expect(strangersAmong([pod('legacy-1')], [])).toEqual(['legacy-1']);
});
