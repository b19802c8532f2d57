// The state of the simulated bedside, and the view of it that the console would send.
// It plays the core's part: freshness, rounding and advisories are decided here and nowhere else in the window.
import type {
  AccessView,
  BedsideView,
  BoundDeviceView,
  ConsoleView,
  DeviceKind,
  Freshness,
  LinkState,
  Mode,
  NearbyView,
  PairingAsked,
  Parameter,
  PatientView,
  Reading,
  StripView,
  TileView,
  WatchTile,
} from '../bindings.ts'
import { ageText } from './age.ts'
import { SimulatedInbox } from './inbox.ts'
import { devices, people, strangers, type SimulatedDevice } from './people.ts'
import { Heart, heartRate, saturation, wander } from './signals.ts'
import { SimulatedSync } from './sync.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const VALID_FOR_MS = 2000

/** A device and what became of it. */
interface OnWard extends SimulatedDevice {
  link: LinkState
  since: number
  boundSince: number | null
  enrolled: boolean
  /** Since when it sends nothing although it should. */
  silencedAt?: number
}

export class SimulatedWard {
  readonly people: PatientView[] = people()
  readonly devices: OnWard[]
  readonly sync: SimulatedSync
  readonly inbox: SimulatedInbox
  open: string | null = null
  mode: Mode = 'demo'
  /** Devices that are recorded without a patient. */
  readonly captured = new Set<string>()
  searchingUntil: number | null = null
  stalledSince: number | null = null
  interrupted: { from: number; until: number } | null = null
  /** A question about a pairing that waits for a person. */
  asked: PairingAsked | null = null
  /** The bound device that is not paired, and what came of the last try. */
  unpaired: string | null = null
  pairingFault = 'PAIRING-NEEDED'

  readonly #began: number
  readonly #hearts = new Map<string, Heart>()
  #number = 0

  constructor(now: number, scene?: string) {
    this.#began = now
    this.devices = devices().map((device) => ({
      ...device,
      link: isSpot(device) ? (device.name.startsWith('Thermo') ? 'lost' : 'ended') : 'linked',
      since: now - 35 * MINUTE,
      boundSince: device.patient ? now - 128 * MINUTE : null,
      enrolled: device.patient !== undefined,
    }))
    this.sync = new SimulatedSync(now, scene)
    this.inbox = new SimulatedInbox(now)
  }

  /** The heart of a patient; it beats on while another bedside is open. */
  heart(patient: string, now: number): Heart {
    let heart = this.#hearts.get(patient)
    if (!heart) this.#hearts.set(patient, (heart = new Heart(seedOf(patient), now - 60 * SECOND)))
    return heart
  }

  /** Whether a patient's heart is heard now, and whether as an ECG. */
  heard(patient: string, ecg: boolean): boolean {
    return this.devices.some(
      (device) =>
        device.patient === patient &&
        device.silencedAt === undefined &&
        (device.kind === 'ecg_sensor' || (!ecg && device.kind === 'heart_rate_strap')),
    )
  }

  strips(patient: string): StripView[] {
    const on = (kind: SimulatedDevice['kind']) => this.devices.some((d) => d.patient === patient && d.kind === kind)
    const strips: StripView[] = []
    if (on('ecg_sensor')) strips.push({ id: 1, kind: 'electrocardiogram' })
    if (on('ecg_sensor') || on('heart_rate_strap')) strips.push({ id: 2, kind: 'beat_intervals' })
    if (strips.length || on('pulse_oximeter')) strips.push({ id: 3, kind: 'trend' })
    return strips
  }

  /** What the console sends: while it is not open, nothing of a person. */
  view(now: number, access: AccessView = OPEN): ConsoleView {
    const open = access.state === 'open' && !access.enrolment_needed
    if (this.asked && this.asked.until <= now) this.endPairing('PAIRING-UNANSWERED')
    if (this.searchingUntil !== null && this.searchingUntil <= now) this.searchingUntil = null
    const recording = this.devices.filter((device) => device.patient)
    return {
      number: ++this.#number,
      taken: now,
      valid_for_ms: VALID_FOR_MS,
      access,
      mode: this.mode,
      adapter: 'on',
      radio: { adapters: [{ name: 'simulated', state: 'on', in_use: true }], library_failures: 0 },
      pairing: !open || this.asked === null ? [] : [this.asked],
      searching_until: this.searchingUntil,
      nearby: this.#nearby(now),
      recording: {
        devices: recording.length + this.captured.size,
        last_saved: ageText(this.stalledSince === null ? now % 100 : now - this.stalledSince),
        stalled_since: this.stalledSince,
        stall_code: this.stalledSince === null ? null : 'STORE-FULL',
        unwritable: 0,
      },
      interrupted: open ? this.interrupted && { ...this.interrupted, devices: recording.length } : null,
      bedside: open ? this.#bedside(now) : null,
      bound: (open ? this.people : [])
        .map(({ id }) => ({ patient: id, devices: this.devices.filter((d) => d.patient === id).length }))
        .filter((each) => each.devices > 0),
      unassigned: open ? this.inbox.count : 0,
      sync: this.sync.view(now),
    }
  }

  /** Asks a person about the device that is not paired. */
  ask(question: PairingAsked['question'], now: number): void {
    const device = this.devices.find(({ id }) => id === this.unpaired)
    if (!device) return
    const prompt = (this.asked?.prompt ?? 0) + 1
    this.asked = {
      prompt,
      peripheral: `sim:${device.id}`,
      name: device.name,
      kind: device.kind,
      short_address: device.id.slice(-8),
      bed: this.people.find(({ id }) => id === device.patient)?.bed ?? null,
      question,
      digits: null,
      until: now + 30 * SECOND,
    }
  }

  /** With a fault, or paired. */
  endPairing(fault: string | null): void {
    this.asked = null
    if (fault) this.pairingFault = fault
    else this.unpaired = null
  }

  /** The age of the last value of a patient, if there is one. */
  lastValue(patient: string, now: number): number | null {
    const bound = this.devices.filter((device) => device.patient === patient && !device.never)
    const ages = bound.map((device) => this.#age(device, now))
    return ages.length ? Math.min(...ages) : null
  }

  /** Values by bed, for a locked screen. */
  watch(now: number): WatchTile[] {
    return this.people.flatMap(({ id, bed }) =>
      this.devices
        .filter((device) => device.patient === id)
        .flatMap((device) => this.#tiles(device, id, now))
        .map(({ parameter, reading }) => ({
          bed: bed ?? '',
          parameter,
          reading: { ...reading, last: reading.last && { ...reading.last, source: '' } },
        })),
    )
  }

  #nearby(now: number): NearbyView[] {
    const patientless = this.devices.filter((device) => !device.patient)
    const searching = this.searchingUntil !== null
    if (!searching) return []
    const found = patientless.map((device): NearbyView => ({
      peripheral: device.id,
      name: device.name,
      kind: device.kind,
      signal_dbm: device.signal + Math.round(3 * wander(now * 20, device.signal)),
      known: device.enrolled ? device.id : null,
      link: this.captured.has(device.id) ? ('linked' as const) : null,
      patient: null,
      bond: null,
      last_heard: ageText(now % 900),
    }))
    const others = strangers.map((device): NearbyView => ({
      peripheral: device.name,
      name: device.name,
      kind: 'unknown',
      signal_dbm: device.signal,
      known: null,
      link: null,
      patient: null,
      bond: null,
      last_heard: ageText(now % 1700),
    }))
    return [...found, ...others].sort((a, b) => (b.signal_dbm ?? -127) - (a.signal_dbm ?? -127))
  }

  #bedside(now: number): BedsideView | null {
    const patient = this.people.find(({ id }) => id === this.open)
    if (!patient) return null
    const bound = this.devices.filter((device) => device.patient === patient.id)
    return {
      patient,
      name_alert: this.people.filter(({ family }) => family === patient.family).length > 1,
      devices: bound.map((device): BoundDeviceView => ({
        device: device.id,
        peripheral: `sim:${device.id}`,
        bond: { state: this.unpaired === device.id ? 'not_bonded' : 'bonded', source: 'simulated_ward' },
        name: device.name,
        kind: device.kind,
        link: device.silencedAt !== undefined && now - device.silencedAt > 20 * SECOND ? 'lost' : device.link,
        link_since: device.silencedAt ?? device.since,
        signal_dbm: device.signal + Math.round(2 * wander(now * 20, device.signal)),
        battery_percent: device.battery,
        last_value: device.never ? null : ageText(this.#age(device, now)),
        clock_offset: device.kind === 'blood_pressure_cuff' ? '3 min' : null,
        rejected: 0,
        fault: this.unpaired === device.id ? this.pairingFault : null,
        user_slot_asked: device.slotAsked ?? null,
        consent_wanted: false,
        records: null,
        clock_setting: null,
      })),
      tiles: bound.flatMap((device) => this.#tiles(device, patient.id, now)).sort((a, b) => rank(a) - rank(b)),
      strips: this.strips(patient.id),
    }
  }

  #tiles(device: OnWard, patient: string, now: number): TileView[] {
    const age = this.#age(device, now)
    const seed = seedOf(patient)
    const at = now - age
    const tile = (parameter: Parameter, text: string, unit: string, more: Partial<Shown> = {}) =>
      tileOf(device, parameter, { text, unit, age, at, mean: null, ...more })
    switch (device.kind) {
      case 'ecg_sensor':
      case 'heart_rate_strap':
        return [tile('heart_rate', heartRate(at, seed).toFixed(0), '/min', { upper: 110, lower: 50 })]
      case 'pulse_oximeter':
        return [
          tile('oxygen_saturation', saturation(at, seed).toFixed(0), '%', { lower: 94 }),
          tile('oximeter_pulse_rate', heartRate(at - 2 * SECOND, seed).toFixed(0), '/min', { upper: 110, lower: 50 }),
        ]
      case 'blood_pressure_cuff':
        return [tile('blood_pressure', '128/74', 'mmHg', { upper: 160, lower: 100, mean: '92', value: 128 })]
      case 'thermometer':
        return [tile('body_temperature', '37.9', '°C', { upper: 38.5, lower: 36, places: 1 })]
      case 'glucose_meter':
        return [tile('blood_glucose', '104', 'mg/dL', { upper: 180, lower: 70 })]
      case 'glucose_sensor':
        return [tile('interstitial_glucose', '112', 'mg/dL', { upper: 180, lower: 70 })]
      case 'weight_scale':
        return [tile('body_weight', '71.2', 'kg', { places: 1 })]
      case 'health_sensor':
      case 'unknown':
        return []
    }
  }

  #age(device: OnWard, now: number): number {
    if (isSpot(device)) return now - this.#began + (device.measured ?? 0)
    return (now + seedOf(device.id)) % SECOND + (device.silencedAt === undefined ? 0 : now - device.silencedAt)
  }
}

/** Nobody is enrolled: open, and no notices. */
const OPEN: AccessView = {
  state: 'open',
  user: null,
  enrolment_needed: false,
  locks_in_s: null,
  break_glass_until: null,
  notices: [],
}

interface Shown {
  text: string
  unit: string
  age: number
  at: number
  mean: string | null
  value: number
  upper: number
  lower: number
  places: number
}

function tileOf(
  device: OnWard,
  parameter: Parameter,
  shown: Partial<Shown> & Pick<Shown, 'text' | 'unit' | 'age' | 'at' | 'mean'>,
): TileView {
  const { upper, lower, places = 0 } = shown
  const freshness: Freshness = device.never ? 'never' : freshnessOf(shown.age, isSpot(device))
  const value = shown.value ?? Number(shown.text)
  const current = freshness === 'live' || freshness === 'recent'
  const high = upper !== undefined && value > upper
  const low = lower !== undefined && value < lower
  const last = {
    text: shown.text,
    special: null,
    mean: shown.mean,
    unit: shown.unit,
    age: ageText(shown.age),
    at: shown.at,
    time_unknown: false,
    source: device.name,
    quality: [],
  }
  const reading: Reading = { freshness, last: device.never ? null : last }
  const absent = !isSpot(device) && (freshness === 'lost' || freshness === 'never' || freshness === 'stale')
  return {
    parameter,
    reading,
    upper: upper?.toFixed(places) ?? null,
    lower: lower?.toFixed(places) ?? null,
    advisory: current && high ? 'high' : current && low ? 'low' : absent ? 'no_data' : null,
  }
}

/** The product's limits: 5, 15 and 60 s for streams; never live, 15 and 60 min for spot values. */
function freshnessOf(age: number, spot: boolean): Freshness {
  const [live, recent, stale] = spot ? [-1, 15 * MINUTE, 60 * MINUTE] : [5 * SECOND, 15 * SECOND, 60 * SECOND]
  if (age <= live) return 'live'
  if (age <= recent) return 'recent'
  return age <= stale ? 'stale' : 'lost'
}

const SPOT: DeviceKind[] = ['blood_pressure_cuff', 'thermometer', 'glucose_meter', 'glucose_sensor', 'weight_scale']
const isSpot = ({ kind }: SimulatedDevice) => SPOT.includes(kind)

const seedOf = (id: string) => [...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 97

const ORDER: Parameter[] = [
  'heart_rate',
  'oxygen_saturation',
  'blood_pressure',
  'body_temperature',
  'blood_glucose',
  'interstitial_glucose',
  'body_weight',
  'oximeter_pulse_rate',
]
const rank = ({ parameter }: TileView) => ORDER.indexOf(parameter)
