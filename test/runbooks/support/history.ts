/** What a run may cost in Temporal's history, and where it goes. Pure. */

/** At most so many events for a run, however long Azure takes. */
export function eventsMax(steps: number): number {
  return 40 + 12 * steps;
}

/** Such as "activityTaskScheduled 8, timerStarted 1", the most frequent first. */
export function tally(events: string[]): string {
  const counts = new Map<string, number>();
  for (const event of events) counts.set(event, (counts.get(event) ?? 0) + 1);
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([event, count]) => `${event} ${count}`)
    .join(', ');
}
