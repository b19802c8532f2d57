// Why it is locked and since when, and how long somebody waits, in words.
import type { LockReason } from '../../host/host.ts'
import { text } from '../../text/text.ts'
import { timeOrDate } from '../../text/time.ts'

/** `Locked since 15:12`. */
export const lockedSince = (since: number, now: number): string => text('access.since', { time: timeOrDate(since, now) })

/** `Record closed since 15:12`, or only that it is when nobody knows since when. */
export const closedSince = (since: number | null, now: number): string =>
  since === null ? text('access.closed') : text('access.closed_since', { time: timeOrDate(since, now) })

/** Why the record is closed: by hand is a sign-out. */
export const whyClosed = (why: LockReason): string => (why === 'by_hand' ? text('access.reason.signed_out') : whyWords(why))

export const whyWords = (why: LockReason): string => text(`access.reason.${why}`)

/** `0:28`, `12:05`; `undefined` when the time is over. */
export function countdown(until: number | null, now: number): string | undefined {
  const seconds = until === null ? 0 : Math.ceil((until - now) / 1000)
  if (seconds <= 0) return undefined
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  const two = (n: number) => String(n).padStart(2, '0')
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}
