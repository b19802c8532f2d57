import { expect, test } from 'vitest'
import { isTextKey, text } from './text.ts'
import { clockTime, isoDate, timeOrDate } from './time.ts'

test('names in a text are filled in, each as often as it stands there', () => {
  expect(text('notice.interrupted.title', { from: '14:02', until: '14:05' })).toBe('Interrupted 14:02 to 14:05.')
})

test('a key that no text has is told apart, also one that every object has', () => {
  expect(isTextKey('error.radio')).toBe(true)
  expect(isTextKey('error.unheard_of')).toBe(false)
  expect(isTextKey('toString')).toBe(false)
})

test('a time of another day carries its date', () => {
  const noon = new Date(2026, 2, 18, 12, 5).getTime()
  const evening = new Date(2026, 2, 17, 23, 59).getTime()
  expect(timeOrDate(noon, noon)).toBe('12:05')
  expect(timeOrDate(evening, noon)).toBe('2026-03-17 23:59')
  expect([clockTime(evening), isoDate(evening)]).toEqual(['23:59', '2026-03-17'])
})
