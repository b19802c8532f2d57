import { describe, expect, test } from 'vitest'
import type { ConsoleView, Reading } from '../host/host.ts'
import { SimulatedWard } from '../host/simulated/ward.ts'
import { ConsoleState } from './console.svelte.ts'

const reading = (freshness: Reading['freshness']): Reading => ({ freshness, last: null })

function stepped() {
  const clock = { monotonic: 1_000, wall: 1_773_842_792_000 }
  const ward = new SimulatedWard(clock.wall)
  const state = new ConsoleState({ monotonic: () => clock.monotonic, wall: () => clock.wall })
  const pass = (milliseconds: number, asleep = false) => {
    clock.wall += milliseconds
    if (!asleep) clock.monotonic += milliseconds
    state.look()
  }
  const snapshot = (): ConsoleView => ward.view(clock.wall)
  return { state, clock, pass, snapshot }
}

describe('the console in the window', () => {
  test('is silent when nothing newer came in time, and every value is lost', () => {
    const { state, pass, snapshot } = stepped()
    state.take(snapshot())
    pass(2_000)
    expect(state.silent).toBe(false)
    expect(state.freshness(reading('live'))).toBe('live')
    pass(1)
    expect(state.silent).toBe(true)
    expect(state.freshness(reading('live'))).toBe('lost')
    expect(state.freshness(reading('recent'))).toBe('lost')
  })

  test('says since when it is silent: the time of its last snapshot', () => {
    const { state, clock, pass, snapshot } = stepped()
    const heard = clock.wall
    state.take(snapshot())
    pass(60_000)
    expect(state.silentSince).toBe(heard)
  })

  test('what never was stays never, also in silence', () => {
    const { state, pass, snapshot } = stepped()
    state.take(snapshot())
    pass(5_000)
    expect(state.freshness(reading('never'))).toBe('never')
  })

  test('answers again with the next snapshot', () => {
    const { state, pass, snapshot } = stepped()
    state.take(snapshot())
    pass(5_000)
    state.take(snapshot())
    expect(state.silent).toBe(false)
  })

  test('is silent after a sleep in which the monotonic clock stood still', () => {
    const { state, pass, snapshot } = stepped()
    state.take(snapshot())
    pass(60_000, true)
    expect(state.silent).toBe(true)
  })

  test('a wall clock that is set back does not hide silence', () => {
    const { state, clock, pass, snapshot } = stepped()
    state.take(snapshot())
    clock.wall -= 3_600_000
    pass(3_000)
    expect(state.silent).toBe(true)
  })

  test('drops a snapshot that was overtaken', () => {
    const { state, snapshot } = stepped()
    const [first, second] = [snapshot(), snapshot()]
    state.take(second)
    state.take(first)
    expect(state.view?.number).toBe(second.number)
  })
})
