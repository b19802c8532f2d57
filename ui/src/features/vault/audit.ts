// The audit log in words, and which of its lines a person looks for.
// Not here: whether it is sound, which the record itself proves.
import type { AuditLineView } from '../../host/host.ts'
import { isTextKey, text, type TextKey } from '../../text/text.ts'

/** Words of a stable name; one that a newer host sends is shown as it is. */
function named(prefix: string, name: string): string {
  const key = `${prefix}.${name}`
  return isTextKey(key) ? text(key as 'action.exported' & TextKey) : name
}

export const actionWords = (line: AuditLineView): string => {
  const action = named('action', line.action)
  return line.count === null || line.count === 1 ? action : text('audit.count', { action, count: line.count })
}
export const actionName = (action: string): string => named('action', action)
export const purposeWords = (line: AuditLineView): string => named('audit.purpose', line.purpose)
export const outcomeWords = (outcome: string): string => named('audit.outcome', outcome)
export const userWords = (line: AuditLineView): string => line.user ?? text('audit.console')

/** FAMILY, Given; the same order as everywhere. */
export const patientWords = ({ patient }: AuditLineView): string =>
  patient ? `${patient.family.toLocaleUpperCase()}, ${patient.given}` : ''

/** What the filters of the page say. */
export interface Looked {
  words: string
  action: string
  outcome: string
}

/** Whether all words are in the line's user, patient or record number, and it is of the action and outcome that are looked for. */
export function fits(line: AuditLineView, { words, action, outcome }: Looked): boolean {
  if (action && line.action !== action) return false
  if (outcome && line.outcome !== outcome) return false
  const where = [userWords(line), patientWords(line), line.patient?.record_number ?? '', line.clinician ?? '', line.reason ?? '']
    .join(' ')
    .toLocaleLowerCase()
  return words.toLocaleLowerCase().split(/\s+/).filter(Boolean).every((word) => where.includes(word))
}
