import { expect, test } from 'vitest'
import type { NearbyView } from '../../host/host.ts'
import { inSteadyOrder } from './device.ts'

const heard = (peripheral: string, signal_dbm: number | null): NearbyView => ({
  peripheral, signal_dbm, name: peripheral, kind: 'thermometer', known: null, link: null, patient: null, last_heard: '1 s',
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
