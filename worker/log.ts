/** One line of JSON for each event, Temporal's own among them. Temporal's core logs warnings and errors only. */
import type { Logger, LogLevel, LogMetadata } from '@temporalio/worker';
import pino, { type Logger as PinoLogger } from 'pino';

export function createLog(level: string): PinoLogger {
  return pino({ level, base: { process: 'worker' }, timestamp: pino.stdTimeFunctions.isoTime });
}

export function temporalLogger(log: PinoLogger): Logger {
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  const write = (level: LogLevel, message: string, meta: LogMetadata = {}) => log[levels[level]](meta, message);
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}
