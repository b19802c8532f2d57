import { expect, test } from 'vitest'
import type { AuditLineView } from '../../host/host.ts'
import { actionWords, fits, patientWords, userWords } from './audit.ts'

const line = (more: Partial<AuditLineView> = {}): AuditLineView => ({
  seq: 7,
  at: 0,
  action: 'patient_opened',
  user: 'Ada Byron',
  patient: { id: 'p', family: 'Adeyemi-Test', given: 'Rosa', record_number: 'TST 1' },
  device: null,
  clinician: null,
  count: null,
  purpose: 'treatment',
  outcome: 'success',
  reason: null,
  ...more,
})
const all = { words: '', action: '', outcome: '' }

test('a line is found by its user, patient and record number, all words at once', () => {
  expect(fits(line(), { ...all, words: 'byron rosa' })).toBe(true)
  expect(fits(line(), { ...all, words: 'tst' })).toBe(true)
  expect(fits(line(), { ...all, words: 'byron ruth' })).toBe(false)
})

test('filters of action and outcome narrow together', () => {
  expect(fits(line(), { ...all, action: 'patient_opened', outcome: 'refused' })).toBe(false)
  expect(fits(line({ outcome: 'refused' }), { ...all, action: 'patient_opened', outcome: 'refused' })).toBe(true)
})

test('an action that this window does not know is shown by its name', () => {
  expect(actionWords(line({ action: 'moon_seen' }))).toBe('moon_seen')
  expect(actionWords(line({ action: 'readings_assigned', count: 9 }))).toBe('Readings charted, 9 records')
})

test('what nobody did is the console’s, and what is about nobody names nobody', () => {
  expect([userWords(line({ user: null })), patientWords(line({ patient: null }))]).toEqual(['console', ''])
})
