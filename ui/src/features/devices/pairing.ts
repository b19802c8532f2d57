// Words of a pairing: what is asked, and what is wrong with a bond. No state.
import type { BoundDeviceView, PairingAsked } from '../../host/host.ts'
import { isTextKey, text, type TextKey } from '../../text/text.ts'

/** Whom the question is about. */
export const askedName = (asked: PairingAsked): string => asked.name ?? text(`device.kind.${asked.kind}`)

/** Which of several alike it is: the end of its address, and the bed of the patient it is bound to. */
export const askedWhich = ({ short_address: address, bed }: PairingAsked): string =>
  bed === null ? text('pairing.which', { address }) : text('pairing.which_bed', { address, bed })

/** Whole seconds until no answer means no. */
export const secondsLeft = (asked: PairingAsked, now: number): number => Math.max(0, Math.ceil((asked.until - now) / 1000))

/** The digits of a passkey as typed, without spaces; `undefined` unless they are one to six. */
export function passkey(typed: string): string | undefined {
  const digits = typed.replaceAll(/\s/g, '')
  return /^[0-9]{1,6}$/.test(digits) ? digits : undefined
}

/** What is wrong with a device's bond and what to do about it; `undefined` when nothing is. */
export function pairingTrouble(device: BoundDeviceView): string | undefined {
  const key = `pairing.fault.${device.fault}`
  return device.fault?.startsWith('PAIRING-') && isTextKey(key) ? text(key as Extract<TextKey, `pairing.fault.${string}`>) : undefined
}

/** A bond that only one end keeps is forgotten before it is made anew. */
export const mustForget = (device: BoundDeviceView): boolean => device.fault === 'PAIRING-BONDS-DISAGREE'
