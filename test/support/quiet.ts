/** Tests make runs fail on purpose: Temporal's logs about it would drown what a failing test has to say. */
import { DefaultLogger, Runtime } from '@temporalio/worker';

export const quiet = new DefaultLogger('ERROR');

Runtime.install({ logger: quiet, telemetryOptions: { logging: { filter: 'OFF' } } });

/** Arguments of a dev server that keeps to itself. */
export const quietServer = ['--log-level', 'never'];
