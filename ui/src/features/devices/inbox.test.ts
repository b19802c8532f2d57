import { expect, test } from 'vitest'
import type { InboxGroupView, InboxReadingView } from '../../host/host.ts'
import { chartable, countWords, keyOf, nameOf, reasons, spanWords } from './inbox.ts'

const at = (text: string) => new Date(text).getTime()

function reading(time: string, more: Partial<InboxReadingView> = {}): InboxReadingView {
  const last = {
    text: '104', special: null, mean: null, unit: 'mg/dL', age: '2 d', at: at(time), time_unknown: false, source: 'M', quality: [],
  }
  return {
    id: time,
    parameter: 'blood_glucose',
    reading: { freshness: 'lost', last },
    time: 'device_clock_corrected',
    why: 'not_bound',
    measured_for: null,
    may_be_charted: true,
    ...more,
  }
}

const group = (readings: InboxReadingView[], user_slot: number | null = null): InboxGroupView => ({
  device: 'd',
  name: 'Meter',
  kind: 'glucose_meter',
  user_slot,
  readings,
})

test('a span names its first and last time, each with how it is known', () => {
  const readings = [reading('2026-03-18T08:12', { time: 'unknown' }), reading('2026-03-17T07:00'), reading('2026-01-02T23:59')]
  expect(spanWords(readings)).toBe('2026-01-02 23:59, time corrected to 2026-03-18 08:12, time unknown')
  expect(spanWords(readings.slice(1, 2))).toBe('2026-03-17 07:00, time corrected')
})

test('one reading is told as one', () => {
  expect([countWords(1), countWords(57)]).toEqual(['1 reading', '57 readings'])
})

test('two users of a device have two names and two keys', () => {
  const [first, second] = [group([], 1), group([], 2)]
  expect([nameOf(first), nameOf(group([]))]).toEqual(['Meter, user 1', 'Meter'])
  expect(keyOf(first)).not.toBe(keyOf(second))
})

test('what may not be charted is left out of the act and keeps its reason', () => {
  const mixed = group([
    reading('2026-03-18T08:12'),
    reading('2026-03-17T08:12', { why: 'not_of_a_person', may_be_charted: false }),
    reading('2026-03-16T08:12'),
  ])
  expect(chartable(mixed).map(({ id }) => id)).toEqual(['2026-03-18T08:12', '2026-03-16T08:12'])
  expect(reasons(mixed)).toEqual([
    '2 readings: measured before the device was bound',
    '1 reading: control solution, demonstration or test: never charted',
  ])
})
