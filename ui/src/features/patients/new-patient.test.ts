import { expect, test } from 'vitest'
import { faultsOf, nobody } from './new-patient.ts'
import { fullName, matches } from './identity.ts'
import { people } from '../../host/simulated/people.ts'

const NOW = new Date(2026, 2, 18, 14, 6).getTime()
const complete = { ...nobody(), record_number: '1', family: 'A', given: 'B', birth_date: '1951-03-14' }

test('both identifiers are needed', () => {
  expect(Object.keys(faultsOf(nobody(), NOW)).sort()).toEqual(['birth_date', 'family', 'given', 'record_number'])
  expect(faultsOf(complete, NOW)).toEqual({})
})

test.each(['1951-02-30', '2026-03-19', '1849-12-31', '14.03.1951', '1951-3-14', ''])('%s is no date of birth', (typed) => {
  expect(faultsOf({ ...complete, birth_date: typed }, NOW)).toHaveProperty('birth_date')
})

test('a name that is too long is named as such', () => {
  expect(faultsOf({ ...complete, family: 'x'.repeat(81) }, NOW).family).toContain('80')
})

test('a person is found by parts of name, number and bed, in any order', () => {
  const rosa = people().find(({ given }) => given === 'Rosa')
  if (!rosa) throw new Error('Rosa is gone')
  expect(fullName(rosa)).toBe('ADEYEMI-TEST, Rosa')
  for (const search of ['rosa', 'rosa adeyemi', '44100187', '12b', 'TST 4410']) expect(matches(rosa, search)).toBe(true)
  expect(matches(rosa, 'rosa broadleaf')).toBe(false)
})
