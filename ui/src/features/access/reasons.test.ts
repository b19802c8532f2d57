import { expect, test } from 'vitest'
import { countdown } from './reasons.ts'

test('a wait is counted down to its last second and is then over', () => {
  expect(countdown(30_000, 0)).toBe('0:30')
  expect(countdown(30_000, 29_001)).toBe('0:01')
  expect(countdown(30_000, 30_000)).toBeUndefined()
  expect(countdown(null, 5)).toBeUndefined()
})

test('a wait of hours shows them', () => {
  expect(countdown(3_725_000, 0)).toBe('1:02:05')
})
