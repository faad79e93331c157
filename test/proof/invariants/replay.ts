/** Every recorded history replays on the code that wrote it. */
import type { Invariant } from './invariant';

export const replay: Invariant = { number: 9, name: 'replay', violations: ({ replayErrors }) => replayErrors };
