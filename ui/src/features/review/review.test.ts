// How a reading is told in words, and what a person types as a correction.
import { describe, expect, test } from 'vitest'
import type { ChartedReadingView, Filed } from '../../host/host.ts'
import { SimulatedReadings } from '../../host/simulated/readings.ts'
import { correctedValue, filedStanding, filedWhy, kindsOf, needsReview, numberTyped, refusalWords, versionWords } from './review.ts'

const NOW = new Date(2026, 2, 18, 14, 6).getTime()
const all = new SimulatedReadings(NOW).charted('p-rosa', 100, NOW).readings
const one = (id: string): ChartedReadingView => {
  const found = all.find((reading) => reading.id === `p-rosa-${id}`)
  if (!found) throw new Error(id)
  return found
}
const temperature = one('body_temperature-0')
const pressure = one('blood_pressure-1')

test.each([
  ['37.2', '37.2'],
  [' 37,20 ', '37.20'],
  ['128', '128'],
  ['', undefined],
  ['37.', undefined],
  ['1e3', undefined],
  ['-4', undefined],
  ['37.2 °C', undefined],
])('%o typed is %o', (typed, number) => expect(numberTyped(typed)).toBe(number))

describe('a correction', () => {
  test('is one number in the unit of the reading', () => {
    expect(correctedValue(temperature, ['37,2', '', ''])).toEqual({ kind: 'single', number: '37.2', unit: 'Cel' })
  })
  test('of a pressure needs both numbers and may go without the mean', () => {
    expect(correctedValue(pressure, ['128', '', ''])).toBeUndefined()
    expect(correctedValue(pressure, ['128', '74', 'x'])).toBeUndefined()
    expect(correctedValue(pressure, ['128', '74', ''])).toMatchObject({ kind: 'pressures', systolic: '128', mean: null })
  })
  test('that cannot be is refused with what can be, in the unit of the reading', () => {
    expect(refusalWords({ text: 'error.implausible', detail: '13 47' }, '°C')).toBe('A person cannot have this: 13 to 47 °C can be.')
  })
})

test('what needs a person is told from what is sent, refused or kept here', () => {
  expect(filedStanding(one('body_temperature-8'))).toMatchObject({ record: 'review', words: 'needs review' })
  expect(needsReview(temperature)).toBe(false)
  expect(filedStanding(temperature)).toMatchObject({ record: 'accepted', words: 'sent' })
  expect(filedStanding(one('body_temperature-2')).words).toBe('sent as corrected')
  expect(filedWhy(one('blood_pressure-2'))).toContain('422')
  const withFiled = (filed: Filed) => filedStanding({ ...temperature, filed }).words
  expect(withFiled({ state: 'withdrawn' })).toBe('not sent')
  expect(withFiled({ state: 'local', why: 'time_unknown' })).toBe('stays here')
})

test('each version names who said it', () => {
  const rejected = one('blood_pressure-3')
  expect(rejected.versions.map((version) => versionWords(version, 'Arm cuff C3'))).toEqual([
    'Measured by Arm cuff C3',
    'Rejected by N. Vale-Test',
  ])
})

test('the kinds that are there stand once, newest first', () => {
  expect(kindsOf(all)).toEqual(['blood_pressure', 'body_temperature'])
})
