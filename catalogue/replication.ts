/** A replica that has more of the primary's WAL to replay is not in sync, bytes. One segment has 16 MiB. */
export const replayLagBytesMax = 1024 * 1024;
