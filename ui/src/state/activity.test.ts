import { expect, test, vi } from 'vitest'
import { Activity } from './activity.ts'

function stepped() {
  const clock = { now: 0 }
  const tell = vi.fn()
  return { clock, tell, activity: new Activity(tell, () => clock.now) }
}

test('touches within ten seconds are told once', () => {
  const { clock, tell, activity } = stepped()
  for (clock.now = 0; clock.now < 10_000; clock.now += 500) activity.touched(false)
  expect(tell).toHaveBeenCalledOnce()
  clock.now = 10_000
  activity.touched(false)
  expect(tell).toHaveBeenCalledTimes(2)
})

test('a touch while the lock is announced is told at once', () => {
  const { clock, tell, activity } = stepped()
  activity.touched(false)
  clock.now = 2_000
  activity.touched(true)
  expect(tell).toHaveBeenCalledTimes(2)
})
