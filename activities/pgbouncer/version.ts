/** What a version of PgBouncer can, by what it says itself: an image's tag proves nothing. Pure, table-tested. */

export interface Version {
  major: number;
  minor: number;
}

/** Of SHOW VERSION: "PgBouncer 1.18.0". Undefined for anything else. */
export function versionIn(text: string | null | undefined): Version | undefined {
  const [, major, minor] = /\bPgBouncer (\d+)\.(\d+)/i.exec(text ?? '') ?? [];
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}

function isAtLeast({ major, minor }: Version, least: Version): boolean {
  return major > least.major || (major === least.major && minor >= least.minor);
}

/** Named statements of the protocol survive a change of the server connection (pgbouncer.org/changelog.html, 1.21.0). */
export function keepsPreparedStatements(version: Version, maxPreparedStatements: number): boolean {
  return isAtLeast(version, { major: 1, minor: 21 }) && maxPreparedStatements > 0;
}
