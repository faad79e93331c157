export { PostgresServer, type Backup, type PostgresServerOptions, type Setting } from './server';
