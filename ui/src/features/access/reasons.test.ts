import { expect, test } from 'vitest'
import { closedSince, countdown, whyClosed, whyWords } from './reasons.ts'

test('a wait is counted down to its last second and is then over', () => {
  expect(countdown(30_000, 0)).toBe('0:30')
  expect(countdown(30_000, 29_001)).toBe('0:01')
  expect(countdown(30_000, 30_000)).toBeUndefined()
  expect(countdown(null, 5)).toBeUndefined()
})

test('a wait of hours shows them', () => {
  expect(countdown(3_725_000, 0)).toBe('1:02:05')
})

test('a record that somebody closed by hand was signed out of; a screen was locked', () => {
  expect(whyClosed('by_hand')).not.toBe(whyWords('by_hand'))
  expect(whyClosed('long_idle')).toBe(whyWords('long_idle'))
})

test('a record that was never open since the start is closed since no time', () => {
  expect(closedSince(null, 0)).not.toMatch(/\d/)
  expect(closedSince(0, 60_000)).toMatch(/\d/)
})
