/** 04:12:10Z of an ISO 8601 time. */
export function clock(at: string): string {
  return `${at.slice(11, 19)}Z`;
}

/** 2026-11-24T04:12:10Z of an ISO 8601 time: a word, so that no table breaks it. */
export function moment(at: string): string {
  return `${at.slice(0, 19)}Z`;
}

/** Seconds from one ISO 8601 time to another; never negative, for clocks differ. */
export function secondsBetween(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}
