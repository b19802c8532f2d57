// Times as a person reads them: ISO dates, 24 hours, this computer's zone.
// Ages come from the host with their unit; they are not made here.

const two = (n: number) => String(n).padStart(2, '0')

/** `14:06` */
export function clockTime(milliseconds: number): string {
  const at = new Date(milliseconds)
  return `${two(at.getHours())}:${two(at.getMinutes())}`
}

/** `14:06:32` */
export function clockSeconds(milliseconds: number): string {
  return `${clockTime(milliseconds)}:${two(new Date(milliseconds).getSeconds())}`
}

/** `2026-03-18` */
export function isoDate(milliseconds: number): string {
  const at = new Date(milliseconds)
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

/** `Wednesday` */
export const weekday = (milliseconds: number): string =>
  new Intl.DateTimeFormat('en-GB', { weekday: 'long' }).format(milliseconds)

/** `14:06`, or `2026-03-18 14:06` when that is another day than `now`. */
export function timeOrDate(milliseconds: number, now: number): string {
  const day = isoDate(milliseconds)
  return day === isoDate(now) ? clockTime(milliseconds) : `${day} ${clockTime(milliseconds)}`
}

/** Both ends of a span; with seconds when it lies within one minute, with dates when it does not lie within one day. */
export function ends(from: number, until: number): { from: string; until: string } {
  if (timeOrDate(from, until) === clockTime(until)) return { from: clockSeconds(from), until: clockSeconds(until) }
  return { from: timeOrDate(from, until), until: timeOrDate(until, from) }
}

/** The zone's short name, such as `GMT` or `GMT+2`. */
export function zone(milliseconds: number): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(milliseconds)
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? ''
}
