// A reading in words: what became of it, where it stands on its way to the server, and what a person typed as a correction.
// No state, and no decision: what a person can have is decided by the host.
import type { ChartedReadingView, CorrectedValue, Parameter, RecordState, VersionView } from '../../host/host.ts'
import type { IconName } from '../../kit/icons.ts'
import { text } from '../../text/text.ts'
import { stateIcon } from '../sync/sync.ts'
import { clockTime, isoDate } from '../../text/time.ts'

/** How a reading stands: the colour of its record, an icon and a word. */
export interface Standing {
  record: RecordState | 'review' | 'local'
  icon: IconName
  words: string
}

/** `2026-03-17 08:12` */
export const dateAndTime = (milliseconds: number): string => `${isoDate(milliseconds)} ${clockTime(milliseconds)}`

/** Nobody has said yet what is to become of a value that no person can have. */
const isImpossible = ({ filed }: ChartedReadingView): boolean => filed.state === 'local' && filed.why === 'implausible'

/** A person has to say something of it. */
export const needsReview = (reading: ChartedReadingView): boolean => reading.waits_for_review || isImpossible(reading)

/** What people made of it. */
export function standingOf({ standing, waits_for_review }: ChartedReadingView): { icon: IconName; words: string } {
  if (waits_for_review) return { icon: 'eye', words: text('review.standing.waits') }
  return { icon: STANDING_ICON[standing], words: text(`review.standing.${standing}`) }
}

/** The icon of a version; what a device measured is none that a person made. */
export const versionIcon = ({ said }: VersionView): IconName => (said === 'measured' ? 'pulse' : STANDING_ICON[said])

const STANDING_ICON: Record<ChartedReadingView['standing'], IconName> = {
  measured: 'check',
  corrected: 'edit',
  rejected: 'strike',
  confirmed: 'check',
}

/** Where what is in force stands on its way to the server. */
export function filedStanding(reading: ChartedReadingView): Standing {
  const { filed, standing } = reading
  if (isImpossible(reading)) return { record: 'review', icon: 'eye', words: text('review.filed.needs_review') }
  if (filed.state === 'withdrawn') return { record: 'local', icon: 'notRecording', words: text('review.filed.withdrawn') }
  if (filed.state === 'local') return { record: 'local', icon: 'disk', words: text('review.filed.local') }
  const sent = filed.record === 'accepted'
  if (sent && reading.waits_for_review) return { record: 'accepted', icon: stateIcon('accepted'), words: text('review.filed.accepted.waits') }
  const words = sent && standing !== 'measured' ? text(`review.filed.accepted.${standing}`) : text(`review.filed.${filed.record}`)
  return { record: filed.record, icon: stateIcon(filed.record), words }
}

/** Why it stands so, where that is not plain. */
export function filedWhy({ filed, waits_for_review }: ChartedReadingView): string | undefined {
  if (filed.state === 'local') return text(`review.why.${filed.why}`)
  if (filed.state === 'withdrawn') return text('review.why.withdrawn')
  if (filed.record === 'refused') return text('review.why.refused', { answer: filed.answer ?? '' })
  return waits_for_review ? text('review.why.waits') : undefined
}

/** Every kind that is there, in the order of its newest reading. */
export const kindsOf = (readings: ChartedReadingView[]): Parameter[] => [...new Set(readings.map(({ parameter }) => parameter))]

/** What a version says, and who said it. */
export function versionWords({ said, author }: VersionView, source: string): string {
  if (said === 'measured') return text('review.version.measured', { device: source })
  const who = author ?? text('review.version.nobody')
  return text(`review.version.${said}`, { who })
}

/** Digits with at most one point or comma, with the point; `undefined` when it is no number. */
export function numberTyped(typed: string): string | undefined {
  const number = typed.trim().replace(',', '.')
  return /^\d{1,6}(\.\d{1,4})?$/.test(number) ? number : undefined
}

/** What was typed as a correction, or `undefined` when a number is missing. */
export function correctedValue(reading: ChartedReadingView, [first, second, third]: [string, string, string]): CorrectedValue | undefined {
  const unit = reading.unit_code
  const leading = numberTyped(first)
  if (!reading.pressures) return leading === undefined ? undefined : { kind: 'single', number: leading, unit }
  const diastolic = numberTyped(second)
  const mean = third.trim() === '' ? null : numberTyped(third)
  if (leading === undefined || diastolic === undefined || mean === undefined) return undefined
  return { kind: 'pressures', systolic: leading, diastolic, mean, unit }
}

/** What the record says of a value that it does not take, in the unit of the reading. */
export function refusalWords(fault: { text: string; detail: string }, unit: string): string {
  if (fault.text !== 'error.implausible') return text(fault.text as 'error.internal')
  const [lowest = '', highest = ''] = fault.detail.split(' ')
  return text('review.implausible', { lowest, highest, unit })
}
