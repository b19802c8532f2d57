import { expect, test } from 'vitest'
import type { BoundDeviceView, NearbyView } from '../../host/host.ts'
import { consentOf, inSteadyOrder, missingRecords, recordsWords } from './device.ts'

const heard = (peripheral: string, signal_dbm: number | null): NearbyView => ({
  peripheral, signal_dbm, name: peripheral, kind: 'thermometer', known: null, link: null, patient: null, bond: null, last_heard: '1 s',
})
const order = (first: Record<string, number>, ...devices: NearbyView[]) =>
  inSteadyOrder(devices, first).map(({ peripheral }) => peripheral)

test('the strongest device stands first, one without a signal last', () => {
  expect(order({}, heard('a', -80), heard('b', null), heard('c', -50))).toEqual(['c', 'a', 'b'])
})

test('a row keeps its place while signals waver', () => {
  const first = {}
  order(first, heard('a', -60), heard('b', -61))
  expect(order(first, heard('b', -58), heard('a', -63))).toEqual(['a', 'b'])
})

test('a consent is a user and a code of up to four digits', () => {
  expect(consentOf({ user: '2', code: '0042' })).toEqual({ user: 2, code: 42 })
  for (const typed of [{ user: '', code: '1' }, { user: '255', code: '1' }, { user: '1', code: '12345' }, { user: '1', code: '1e2' }]) {
    expect(consentOf(typed)).toBeNull()
  }
})

test('records count up while they come, and only missing ones are a notice', () => {
  const records = { received: 41, expected: 57, under_way: true, complete: false }
  expect(recordsWords(records)).toBe('41 of 57 records')
  expect(recordsWords({ ...records, expected: null })).toBe('41 records')
  const device = { records } as BoundDeviceView
  expect(missingRecords(device)).toBeNull()
  expect(missingRecords({ ...device, records: { ...records, under_way: false } })).toContain('41 of 57')
  expect(missingRecords({ ...device, records: { ...records, under_way: false, complete: true } })).toBeNull()
})
