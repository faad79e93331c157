/**
 * The roles of an Azure server: no superuser for anybody.
 *
 * `azuresu` is Azure's own superuser (here: the lab's, over the unix socket only). The admin login that a customer gets
 * is a member of `azure_pg_admin` and may create roles and databases, read all statistics and end other sessions; since
 * PostgreSQL 16 it rules only the roles that it made itself.
 * Source: learn.microsoft.com/azure/postgresql/flexible-server/security-manage-database-users.
 */
import { escapeIdentifier, escapeLiteral } from 'pg';

export const superuser = 'azuresu';

export function azureRoles(admin: { login: string; password: string }): string {
  const login = escapeIdentifier(admin.login);
  return `
    CREATE ROLE azure_pg_admin NOLOGIN;
    GRANT pg_monitor, pg_signal_backend TO azure_pg_admin;
    CREATE ROLE ${login} LOGIN CREATEROLE CREATEDB REPLICATION PASSWORD ${escapeLiteral(admin.password)};
    GRANT azure_pg_admin TO ${login};
    CREATE EXTENSION pg_stat_statements;
  `;
}

/** The role that one standby streams with. */
export function replicationRole(name: string, password: string): string {
  return `CREATE ROLE ${escapeIdentifier(name)} LOGIN REPLICATION PASSWORD ${escapeLiteral(password)}`;
}
