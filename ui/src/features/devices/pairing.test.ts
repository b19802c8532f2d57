import { expect, test } from 'vitest'
import type { BoundDeviceView, PairingAsked } from '../../host/host.ts'
import { askedWhich, mustForget, pairingTrouble, passkey, secondsLeft } from './pairing.ts'

test('a passkey is one to six digits, spaces aside', () => {
  expect(passkey(' 482 913 ')).toBe('482913')
  expect(passkey('007')).toBe('007')
  for (const wrong of ['', '1234567', '12a', '-1', '１２３']) expect(passkey(wrong)).toBeUndefined()
})

test('the time to answer counts down to nothing and not below', () => {
  const asked = { until: 30_000 } as PairingAsked
  expect([secondsLeft(asked, 0), secondsLeft(asked, 29_500), secondsLeft(asked, 40_000)]).toEqual([30, 1, 0])
})

test('a question names the end of the address, and the bed where there is one', () => {
  const which = (bed: string | null) => askedWhich({ short_address: '00:00:01', bed } as PairingAsked)
  expect([which(null), which('7')]).toEqual(['Address ends in 00:00:01', 'Address ends in 00:00:01 · bed 7'])
})

test('each fault of a pairing has its words, and other faults are none of it', () => {
  const trouble = (fault: string | null) => pairingTrouble({ fault } as BoundDeviceView)
  const codes = ['NEEDED', 'DECLINED', 'UNANSWERED', 'FAILED', 'REJECTED', 'CANCELLED', 'TIMED-OUT', 'BONDS-DISAGREE', 'LEFT-TO-SYSTEM']
  expect(new Set(codes.map((code) => trouble(`PAIRING-${code}`))).size).toBe(codes.length)
  expect(codes.every((code) => trouble(`PAIRING-${code}`) !== undefined)).toBe(true)
  expect([trouble('STREAM-SILENT'), trouble(null)]).toEqual([undefined, undefined])
})

test('only bonds that disagree are forgotten first', () => {
  expect(mustForget({ fault: 'PAIRING-BONDS-DISAGREE' } as BoundDeviceView)).toBe(true)
  expect(mustForget({ fault: 'PAIRING-FAILED' } as BoundDeviceView)).toBe(false)
})
