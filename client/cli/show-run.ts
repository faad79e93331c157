import type { RunView } from '../views';
import { documentOf } from './document';
import { exitCodeOfView, renderView } from './render/view';
import type { Session } from './session';

/** Prints a run as it is now; resolves to the exit code that tells how it is. */
export function showRun({ output }: Session, view: RunView): number {
  output.result(documentOf(view), () => renderView(view, new Date().toISOString(), output.look));
  return exitCodeOfView(view);
}
