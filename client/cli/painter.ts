import type { RunView } from '../views';
import type { Output } from './output';
import { renderChanges } from './render/changes';
import { plain, tint } from './render/text';
import { renderView } from './render/view';

/** Shows a run while it goes. */
export interface Painter {
  show(view: RunView): void;
  /** Something about the connection, not about the run. */
  remark(text: string): void;
  /** Ends the showing: what is painted stays or goes, nothing is added. */
  stop(): void;
}

export async function makePainter(output: Output): Promise<Painter> {
  return output.live ? makeLivePainter(output) : makeLogPainter(output);
}

/** In a terminal: one picture that is redrawn, with times that go on between two looks at the run. */
async function makeLivePainter({ look }: Output): Promise<Painter> {
  const { createLogUpdate } = await import('log-update');
  const picture = createLogUpdate(process.stdout);
  let view: RunView | undefined;
  let remark = '';
  const draw = () => {
    if (view === undefined) return;
    const hint = tint(look, 'dim', 'Ctrl-C stops watching; the run goes on');
    picture([renderView(view, new Date().toISOString(), look), remark, hint].filter((part) => part !== '').join('\n'));
  };
  const redrawing = setInterval(draw, 1000);
  return {
    show(next) {
      view = next;
      remark = '';
      draw();
    },
    remark(text) {
      remark = tint(look, 'yellow', plain(text));
      draw();
    },
    stop() {
      clearInterval(redrawing);
      picture.clear();
      picture.done();
    },
  };
}

/** In a log or a pipe: a line for each change. */
function makeLogPainter({ look, remark: write }: Output): Painter {
  let before: RunView | undefined;
  let said = '';
  return {
    show(view) {
      for (const line of renderChanges(before, view, new Date().toISOString(), look)) write(line);
      before = view;
      said = '';
    },
    remark(text) {
      if (text !== said) write(`${new Date().toISOString().slice(11, 19)}Z  ${plain(text)}`);
      said = text;
    },
    stop() {
      // Nothing is left open.
    },
  };
}
