/** What PostgreSQL and its client answer → failure type, by SQLSTATE (postgresql.org/docs, appendix A). */
import { connectionCode, isCertificateCode, type Mapping, type Problem } from '../failures';

/** Exact codes first, then their class (the first two characters). */
const bySqlState: Record<string, Problem['type']> = {
  '28P01': 'DatabaseLoginRejected', // invalid_password
  '28000': 'DatabaseLoginRejected', // invalid_authorization_specification: also no pg_hba entry, NOLOGIN
  '3D000': 'DatabaseLoginRejected', // invalid_catalog_name: no such database
  '42501': 'DatabaseRightMissing', // insufficient_privilege
  '53300': 'DatabaseUnreachable', // too_many_connections
  '57014': 'DatabaseTimedOut', // query_canceled: statement_timeout
  '55P03': 'DatabaseTimedOut', // lock_not_available
  '08': 'DatabaseUnreachable', // connection_exception
  '57': 'DatabaseUnreachable', // operator_intervention: shutdown, crash_shutdown, cannot_connect_now
  '53': 'DatabaseUnreachable', // insufficient_resources
  '40': 'DatabaseTimedOut', // transaction_rollback: on a standby, a conflict with recovery
};

export const postgresProblem: Mapping = (error) => {
  if (!(error instanceof Error)) return undefined;
  const code = connectionCode(error);
  if (code) {
    const type = isCertificateCode(code) ? 'CertificateRejected' : 'DatabaseUnreachable';
    return { type, message: error.message || code, code };
  }
  const sqlState = (error as { code?: unknown }).code;
  if (typeof sqlState === 'string' && /^[0-9A-Z]{5}$/.test(sqlState)) {
    const type = bySqlState[sqlState] ?? bySqlState[sqlState.slice(0, 2)] ?? 'DatabaseQueryFailed';
    return { type, message: `SQLSTATE ${sqlState}: ${error.message}`, code: sqlState };
  }
  // Texts of pg itself (pg/lib/client.js): it gives these errors no code.
  if (/Query read timeout/i.test(error.message)) return { type: 'DatabaseTimedOut', message: error.message };
  if (/Client has encountered a connection error/i.test(error.message)) {
    return { type: 'DatabaseUnreachable', message: 'the connection broke while nothing was asked on it' };
  }
  if (/timeout expired|Connection terminated|was closed/i.test(error.message)) {
    return { type: 'DatabaseUnreachable', message: error.message };
  }
  return undefined;
};
