// What must be typed for a new patient. The console has the last word; this says at once what it would say.
import type { NewPatient } from '../../host/host.ts'
import { text } from '../../text/text.ts'
import { isoDate } from '../../text/time.ts'

export const nobody = (): NewPatient => ({ record_number: '', family: '', given: '', birth_date: '', sex: '', bed: '' })

const MOST = { record_number: 40, family: 80, given: 80, bed: 20 } as const
const NEEDED = ['record_number', 'family', 'given'] as const
const EARLIEST = '1850-01-01'

/** The fault of each field that has one, in words. */
export function faultsOf(typed: NewPatient, now: number): Partial<Record<keyof NewPatient, string>> {
  const faults: Partial<Record<keyof NewPatient, string>> = {}
  for (const field of NEEDED) if (!typed[field].trim()) faults[field] = text('add.error.empty')
  for (const [field, most] of Object.entries(MOST)) {
    const key = field as keyof typeof MOST
    if ([...typed[key].trim()].length > most) faults[key] = text('add.error.long', { most })
  }
  if (!isBirthDate(typed.birth_date.trim(), now)) faults.birth_date = text('add.error.date')
  return faults
}

function isBirthDate(typed: string, now: number): boolean {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(typed)
  if (!parts) return false
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number]
  const date = new Date(year, month - 1, day)
  const exists = date.getFullYear() === year && date.getMonth() === month - 1 && date.getDate() === day
  return exists && typed >= EARLIEST && typed <= isoDate(now)
}
