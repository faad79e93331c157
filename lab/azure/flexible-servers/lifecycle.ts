/** Restart, stop, start, delete: each does to the PostgreSQL process what its name says, half-way through its time. */
import type { OperationKind } from '../operations';
import { unmakeServer } from './create';

export const restart: OperationKind = {
  repeatable: true,
  async perform(context, operation, time) {
    await time.reach(0.5);
    if (!operation.restarted) await context.postgres(operation.server).restart();
    operation.restarted = true;
    context.store.save();
  },
};

export const stop: OperationKind = {
  repeatable: true,
  async perform(context, operation, time) {
    await time.reach(0.5);
    await context.postgres(operation.server).stop();
    context.store.putServer({ ...context.store.server(operation.server)!, started: false });
  },
};

export const start: OperationKind = {
  repeatable: true,
  async perform(context, operation, time) {
    await time.reach(0.5);
    await context.postgres(operation.server).start();
    context.store.putServer({ ...context.store.server(operation.server)!, started: true });
  },
};

export const drop: OperationKind = {
  repeatable: true,
  async perform(context, operation, time) {
    await time.reach(0.5);
    await context.options.servers.remove(operation.server);
    await time.reach(1);
    await unmakeServer(context, operation.server);
  },
};

/** Somebody else's operation: nothing changes, the server is busy. */
export const foreign: OperationKind = {
  repeatable: true,
  perform: () => Promise.resolve(),
};
