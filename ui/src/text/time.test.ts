import { expect, test } from 'vitest'
import { ends } from './time.ts'

const at = (text: string) => new Date(text).getTime()

test('a span within one minute is told with its seconds', () => {
  const span = ends(at('2026-03-18T14:02:05'), at('2026-03-18T14:02:41'))
  expect(span).toEqual({ from: '14:02:05', until: '14:02:41' })
})

test('a span within one day is told by its times', () => {
  const span = ends(at('2026-03-18T14:02:05'), at('2026-03-18T14:05:41'))
  expect(span).toEqual({ from: '14:02', until: '14:05' })
})

test('a span over midnight is told with its dates', () => {
  const span = ends(at('2026-03-17T23:59:50'), at('2026-03-18T00:02:00'))
  expect(span).toEqual({ from: '2026-03-17 23:59', until: '2026-03-18 00:02' })
})

test('a span of whole days is not taken for one of seconds', () => {
  const span = ends(at('2026-03-16T14:02:05'), at('2026-03-18T14:02:41'))
  expect(span).toEqual({ from: '2026-03-16 14:02', until: '2026-03-18 14:02' })
})
