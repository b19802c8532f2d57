// Icons of device kinds, bars of a signal, words of a link. No state.
import type { DeviceKind, LinkState, NearbyView } from '../../host/host.ts'
import type { IconName } from '../../kit/icons.ts'
import { text } from '../../text/text.ts'
import { clockTime } from '../../text/time.ts'

export const kindIcon: Record<DeviceKind, IconName> = {
  heart_rate_strap: 'strap',
  ecg_sensor: 'pulse',
  pulse_oximeter: 'finger',
  blood_pressure_cuff: 'cuff',
  thermometer: 'thermometer',
  unknown: 'unknown',
}

export const linkIcon: Record<LinkState, IconName> = {
  waiting: 'waits',
  connecting: 'waits',
  preparing: 'waits',
  linked: 'link',
  lost: 'unlink',
  ended: 'waits',
}

/** 0 to 4. From −60 dBm a link is as good as it gets, below −90 dBm it breaks. */
export function signalBars(dbm: number | null): number {
  if (dbm === null) return 0
  return [-90, -80, -70, -60].filter((limit) => dbm >= limit).length
}

/** Where the link stands; only a lost one says since when. */
export function linkWords(link: LinkState, since: number): string {
  return link === 'lost' ? text('device.link.lost', { time: clockTime(since) }) : text(`device.link.${link}`)
}

/** A true minus sign. */
export const dbmWords = (dbm: number): string => text('device.signal', { dbm: String(dbm).replace('-', '−') })

const WEAKEST_DBM = -127

/** Strongest first, each by the signal it had when it was first seen, which is kept in `first`: signals waver, rows must not. */
export function inSteadyOrder(devices: NearbyView[], first: Record<string, number>): NearbyView[] {
  const signal = ({ peripheral, signal_dbm }: NearbyView) => (first[peripheral] ??= signal_dbm ?? WEAKEST_DBM)
  return [...devices].sort((a, b) => signal(b) - signal(a))
}
