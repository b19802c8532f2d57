// Ages in words for the simulated bedside. Not here: freshness, which the ward and its inbox decide.

/** As the shell writes ages: tenths to 10 s, seconds to 2 min, minutes to 2 h, then hours and days; cut. */
export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000
  if (seconds < 10) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`
  if (seconds < 120) return `${Math.floor(seconds)} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`
}
