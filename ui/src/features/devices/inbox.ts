// The unassigned inbox in words: what is measured, when, why it is in no chart, and what an act would chart.
// No state, and no decision: whether a reading may be charted comes from the host.
import type { InboxGroupView, InboxReadingView, PatientView } from '../../host/host.ts'
import { text } from '../../text/text.ts'
import { clockTime, isoDate } from '../../text/time.ts'
import { fullName } from '../patients/identity.ts'

/** So many rows stand in a group before somebody asks for all. */
export const FIRST_ROWS = 5

/** One user of a device is one group. */
export const keyOf = ({ device, user_slot }: InboxGroupView): string => `${device} ${user_slot ?? ''}`

/** `Scale W1, user 2` */
export const nameOf = ({ name, user_slot }: InboxGroupView): string =>
  user_slot === null ? name : text('inbox.user', { device: name, slot: user_slot })

/** `1 reading`, `57 readings` */
export const countWords = (count: number): string =>
  count === 1 ? text('inbox.one') : text('inbox.count', { count })

/** The readings that an act would give to the open patient. */
export const chartable = ({ readings }: InboxGroupView): InboxReadingView[] =>
  readings.filter((reading) => reading.may_be_charted)

/** `Glucose, Weight` */
export function parameterWords(readings: InboxReadingView[]): string {
  return [...new Set(readings.map(({ parameter }) => text(`param.long.${parameter}`)))].join(', ')
}

/** A time of the past is never without its date. */
export function dateAndTime(milliseconds: number): string {
  return `${isoDate(milliseconds)} ${clockTime(milliseconds)}`
}

/** `2026-03-17 08:12, corrected` */
export function measuredWords({ reading, time }: InboxReadingView): string {
  const at = reading.last ? dateAndTime(reading.last.at) : ''
  return `${at}, ${text(`inbox.time.${time}`)}`
}

/** First and last time of measurement, each with how it is known. `readings` come newest first. */
export function spanWords(readings: InboxReadingView[]): string {
  const [newest, oldest] = [readings[0], readings.at(-1)]
  if (!newest || !oldest) return ''
  if (newest === oldest) return measuredWords(newest)
  return text('inbox.span', { first: measuredWords(oldest), last: measuredWords(newest) })
}

/** Why the readings are in no chart, one line for each reason with its count. */
export function reasons(group: InboxGroupView): string[] {
  const counts = new Map<string, number>()
  for (const { why, measured_for } of group.readings) {
    const words = reasonOf(why, measured_for, group.user_slot)
    counts.set(words, (counts.get(words) ?? 0) + 1)
  }
  return [...counts].map(([words, count]) => `${countWords(count)}: ${words}`)
}

function reasonOf(why: InboxReadingView['why'], whose: PatientView | null, slot: number | null): string {
  if (why === 'measured_for') return text('inbox.why.measured_for', { name: whose ? fullName(whose) : '' })
  if (why === 'user_slot') return text('inbox.why.user_slot', { slot: slot ?? '' })
  return text(`inbox.why.${why}`)
}
