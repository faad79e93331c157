/** "48 s", "6 min 12 s", "2 h 5 min", "14 days": at most two units, for people. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return seconds < 10 && seconds > 0 ? `${Number(seconds.toFixed(1))} s` : `${whole} s`;
  if (whole < 3600) return two(Math.floor(whole / 60), 'min', whole % 60, 's');
  if (whole < 172_800) return two(Math.floor(whole / 3600), 'h', Math.round((whole % 3600) / 60), 'min');
  return `${Math.round(whole / 86_400)} days`;
}

function two(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;
}
