import { expect, test } from 'vitest'
import { settingWords, valueWords } from './policy.ts'

test('a time is said in the largest unit that it is whole in', () => {
  expect(valueWords('lock.screen_idle_s', '300')).toBe('5 min')
  expect(valueWords('lock.screen_idle_s', '90')).toBe('90 s')
  expect(valueWords('lock.absolute_s', '43200')).toBe('12 h')
  expect(valueWords('backup.every_minutes', '15')).toBe('15 min')
  expect(valueWords('retention.raw_frames_days', '90')).toBe('90 days')
})

test('what is not set, on or off is said in words, and a text without its quotes', () => {
  expect(valueWords('server_url', 'null')).toBe('not set')
  expect(valueWords('export', 'true')).toBe('on')
  expect(valueWords('watch_display', 'false')).toBe('off')
  expect(valueWords('server_url', '"https://fhir.example.org/"')).toBe('https://fhir.example.org/')
})

test('a setting that this window does not know keeps its name', () => {
  expect(settingWords('export')).toBe('Export')
  expect(settingWords('of.tomorrow')).toBe('of.tomorrow')
})
