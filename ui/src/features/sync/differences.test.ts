// Differences of two versions in words, on the paths that the host writes.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { elementName, named } from './differences.ts'

const GOLDEN = '../../../../src-tauri/crates/core/fhir/tests/golden/'
const golden = (name: string) => JSON.parse(readFileSync(new URL(GOLDEN + name, import.meta.url), 'utf8'))

const line = (what: string, ours: string | null = 'a', theirs: string | null = 'b') => ({ what, part: null as string | null, ours, theirs })
const names = (...lines: ReturnType<typeof line>[]) => named(lines).map(({ name }) => name)

describe('the name of an element', () => {
  test.each([
    ['status', 'Status'],
    ['effectiveDateTime', 'Time'],
    ['effectivePeriod.start', 'Time · start'],
    ['valueQuantity.value', 'Value'],
    ['valueQuantity.unit', 'Unit'],
    ['valueQuantity.code', 'Unit code'],
    ['valueQuantity.system', 'Unit system'],
    ['valueCodeableConcept.coding[0].display', 'Value · code · name'],
    ['code.text', 'Kind · in words'],
    ['code.coding[0].code', 'Kind · code'],
    ['code.coding[1].code', 'Kind · code, 2nd'],
    ['code.coding[1].system', 'Kind · code, 2nd · system'],
    ['note[0].text', 'Note, 1st'],
    ['note[2].text', 'Note, 3rd'],
    ['note[0].authorString', 'Note, 1st · author'],
    ['interpretation[0].coding[0].code', 'Interpretation, 1st · code'],
    ['interpretation[10].text', 'Interpretation, 11th · in words'],
    ['subject.reference', 'Patient'],
    ['subject.display', 'Patient · name'],
    ['encounter.reference', 'Visit'],
    ['device.reference', 'Device'],
    ['performer[0].display', 'Performed by, 1st · name'],
    ['bodySite.text', 'Body site · in words'],
    ['method.text', 'Method · in words'],
    ['dataAbsentReason.coding[0].code', 'Reason for no value · code'],
    ['identifier[1].value', 'Identifier, 2nd · value'],
    ['meta.security[0].code', 'Security label, 1st'],
    ['extension[0].url', 'Further detail, 1st'],
    ['extension[1].extension[0].valueString', 'Further detail, 2nd · further detail, 1st · value'],
    ['name[0].family', 'Name, 1st · family name'],
    ['name[0].given[1]', 'Name, 1st · given name, 2nd'],
    ['birthDate', 'Date of birth'],
    ['udiCarrier[0].deviceIdentifier', 'UDI, 1st · device identifier'],
    ['component[0].valueQuantity.value', 'Part, 1st · value'],
  ])('%s is %s', (path, words) => {
    expect(elementName(path)).toBe(words)
  })

  test.each([
    ['bodyStructure.reference', 'Body structure'],
    ['_birthDate.extension[0].url', 'Birth date · further detail, 1st'],
    ['valueAttachment.contentType', 'Value attachment · content type'],
    ['x-other[0][21]', 'X other, 1st, 22nd'],
    ['reference', 'Reference'],
    ['[0]', '0'],
    ['$', '$'],
    ['', 'The whole record'],
  ])('that no word is known for is read off its path: %s', (path, words) => {
    expect(elementName(path)).toBe(words)
  })

  test('is never a path in any record that Bedside writes', () => {
    const paths = ['blood_pressure', 'blood_glucose', 'ecg_strip', 'patient', 'device_udi', 'event'].flatMap((name) => leaves(golden(`${name}.json`)))
    expect(paths.length).toBeGreaterThan(100)
    expect(paths.map((path) => elementName(path)).filter((name) => /[[\].]|[a-z][A-Z]/.test(name))).toEqual([])
  })
})

describe('a difference', () => {
  test('is named by what its part measures, where the host says so', () => {
    const value = line('component[0].valueQuantity.value')
    expect(names({ ...value, part: 'Systolic blood pressure' })).toEqual(['Systolic blood pressure · value'])
    expect(names(value, { ...value, what: 'component[1].valueQuantity.value' })).toEqual(['Part, 1st · value', 'Part, 2nd · value'])
  })

  test('of a record about a device is not said to be of a patient', () => {
    expect(names(line('subject.reference', 'Device/1', 'Device/2'))).toEqual(['Device'])
    expect(names(line('subject.reference', 'Patient/1', 'Patient/2'))).toEqual(['Patient'])
  })

  test('is not taken for another of the same name, and none is left out', () => {
    const lines = [line('valueQuantity.value', '37', null), line('valueString', null, '37 °C'), line('status')]
    expect(names(...lines)).toEqual(['Value (valueQuantity.value)', 'Value (valueString)', 'Status'])
    expect(named(lines)).toMatchObject(lines)
  })
})

function leaves(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => leaves(each, `${path}[${index}]`))
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, each]) => leaves(each, path ? `${path}.${key}` : key))
}

describe('the values of a difference', () => {
  const shown = (what: string, ours: string | null, theirs: string | null) => named([line(what, ours, theirs)]).map((one) => one.shown)[0]
  const words = (what: string, value: string) => shown(what, value, null)?.ours

  test('a status is a word, as far as it is one of FHIR', () => {
    expect(shown('status', 'final', 'entered-in-error')).toEqual({ ours: 'Final', theirs: 'Entered in error' })
    expect(words('status', 'toString')).toBe('toString')
    expect(words('note[0].text', 'final')).toBe('final')
  })

  test('a moment is told in the zone of this computer, with its fractions', () => {
    const at = new Date(2026, 2, 18, 14, 6, 32)
    expect(words('effectiveDateTime', at.toISOString().replace('.000', ''))).toBe('2026-03-18 14:06:32')
    expect(words('issued', at.toISOString().replace('.000', '.250'))).toBe('2026-03-18 14:06:32.250')
  })

  test('what is no moment stays as it is written', () => {
    for (const value of ['2026-03-18', '2026', '2026-02-31T25:00:00Z', '128 mmHg']) expect(words('effectiveDateTime', value)).toBe(value)
  })

  test('two sides that would look alike stay as they are written', () => {
    const [ours, theirs] = ['2026-03-18T14:06:32Z', '2026-03-18T15:06:32+01:00']
    expect(shown('effectiveDateTime', ours, theirs)).toEqual({ ours, theirs })
  })
})
