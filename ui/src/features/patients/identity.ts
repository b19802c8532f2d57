// The order in which a person is named, the same everywhere: FAMILY, Given.
import type { PatientView } from '../../host/host.ts'

/** `ADEYEMI-TEST, Rosa` */
export const fullName = (patient: PatientView): string => `${patient.family.toLocaleUpperCase()}, ${patient.given}`

/** Whether all words of the search are in the name, record number or bed. */
export function matches(patient: PatientView, search: string): boolean {
  const where = `${patient.family} ${patient.given} ${patient.record_number} ${patient.bed ?? ''}`.toLocaleLowerCase()
  const packed = where.replaceAll(' ', '')
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  return words.every((word) => where.includes(word)) || (words.length > 0 && packed.includes(words.join('')))
}
