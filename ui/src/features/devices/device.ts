// Icons of device kinds, bars of a signal, words of a link. No state.
import type { BoundDeviceView, DeviceKind, LinkState, NearbyView, RecordsView } from '../../host/host.ts'
import type { IconName } from '../../kit/icons.ts'
import { text } from '../../text/text.ts'
import { clockTime } from '../../text/time.ts'

export const kindIcon: Record<DeviceKind, IconName> = {
  heart_rate_strap: 'strap',
  ecg_sensor: 'pulse',
  pulse_oximeter: 'finger',
  blood_pressure_cuff: 'cuff',
  thermometer: 'thermometer',
  glucose_meter: 'drop',
  glucose_sensor: 'drop',
  weight_scale: 'scale',
  health_sensor: 'pulse',
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

/** How far the stored records of a device are fetched. */
export function recordsWords({ received, expected }: RecordsView): string {
  return expected === null ? text('device.records', { received }) : text('device.records.of', { received, expected })
}

/** What is missing of a device's stored records, once nothing more comes. */
export function missingRecords({ records }: BoundDeviceView): string | null {
  if (!records || records.under_way || records.complete) return null
  const { received, expected } = records
  return expected === null
    ? text('device.records.missing', { received })
    : text('device.records.missing_of', { received, expected })
}

/** A user's index and consent code as typed; `null` unless both are numbers that a device takes. */
export function consentOf(typed: { user: string; code: string } | undefined): { user: number; code: number } | null {
  const number = (words: string, most: number) =>
    /^\d{1,4}$/.test(words.trim()) && Number(words) <= most ? Number(words) : null
  const user = number(typed?.user ?? '', 254)
  const code = number(typed?.code ?? '', 9999)
  return user === null || code === null ? null : { user, code }
}
