// The readings of the simulated bedside's charts, and what is said of them. It plays the core's part: what a person can have, and
// what goes to the server, is decided here and nowhere else in the window.
import type { ChartedReadingView, ChartedView, CorrectedValue, DeviceKind, Filed, Parameter, VersionView } from '../bindings.ts'
import { ageText } from './age.ts'
import { Refusal } from './vault.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

interface Kept extends Omit<ChartedReadingView, 'reading' | 'versions' | 'record'> {
  patient: string
  at: number
  text: string
  unit: string
  source: string
  implausible: boolean
  versions: (Omit<VersionView, 'reading'> & { text: string | null })[]
}

/** The lowest and highest that can be. */
const POSSIBLE: Record<string, [number, number]> = { 'mm[Hg]': [10, 400], Cel: [13, 47], 'mg/dL': [5, 3000], kg: [0, 650] }

export class SimulatedReadings {
  #kept: Kept[]

  /** With `reviewed` the policy asks a person to confirm each reading. */
  constructor(now: number, reviewed = false) {
    this.#kept = [...ofRosa(now), ...ofRuth(now)].sort((a, b) => b.at - a.at)
    if (reviewed) for (const kept of this.#kept) kept.waits_for_review = kept.standing === 'measured' && kept.filed.state === 'record'
  }

  charted(patient: string, limit: number, now: number): ChartedView {
    const all = this.#kept.filter((kept) => kept.patient === patient)
    return { readings: all.slice(0, limit).map((kept) => viewOf(kept, now)), more: all.length > limit }
  }

  correct(id: string, value: CorrectedValue, reason: string, author: string | null, now: number): string {
    const kept = this.#find(id, reason)
    const typed = value.kind === 'single' ? [value.number] : [value.systolic, value.diastolic]
    const [lowest, highest] = POSSIBLE[kept.unit_code] ?? [0, Infinity]
    if (typed.some((number) => Number(number) < lowest || Number(number) > highest)) {
      throw new Refusal('REVIEW-IMPLAUSIBLE', 'implausible', `${lowest} ${highest}`)
    }
    if (typed.length === 2 && Number(typed[0]) <= Number(typed[1])) throw new Refusal('REVIEW-PRESSURES', 'pressure_order')
    kept.text = typed.join('/')
    this.#say(kept, { said: 'corrected', text: kept.text, at: now, author, reason })
    kept.implausible = false
    kept.filed = { state: 'record', record: 'waiting', answer: null }
    return kept.patient
  }

  reject(id: string, reason: string, author: string | null, now: number): string {
    const kept = this.#find(id, reason)
    this.#say(kept, { said: 'rejected', text: null, at: now, author, reason })
    const sent = kept.filed.state === 'record' && kept.filed.record === 'accepted'
    kept.filed = sent ? { state: 'record', record: 'waiting', answer: null } : { state: 'withdrawn' }
    return kept.patient
  }

  confirm(id: string, author: string | null, now: number): string {
    const kept = this.#known(id)
    if (!kept.waits_for_review) throw new Refusal('REVIEW-CONFIRMED', 'nothing_to_confirm')
    this.#say(kept, { said: 'confirmed', text: null, at: now, author, reason: null })
    kept.filed = { state: 'record', record: 'waiting', answer: null }
    return kept.patient
  }

  #known(id: string): Kept {
    const kept = this.#kept.find((each) => each.id === id)
    if (!kept) throw new Refusal('INBOX-READING', 'no_such_reading')
    return kept
  }

  #find(id: string, reason: string): Kept {
    const kept = this.#known(id)
    if ([...reason.trim()].length < 3) throw new Refusal('REASON', 'reason_needed')
    return kept
  }

  #say(kept: Kept, version: Kept['versions'][number]): void {
    kept.versions.push(version)
    kept.standing = version.said
    kept.waits_for_review = false
  }
}

function viewOf({ patient, at, text, unit, source, implausible, versions, ...kept }: Kept, now: number): ChartedReadingView {
  const age = now - at
  const freshness = age <= 15 * MINUTE ? 'recent' : age <= HOUR ? 'stale' : 'lost'
  const shown = (words: string) => ({
    text: words,
    special: null,
    mean: null,
    unit,
    age: ageText(age),
    at,
    time_unknown: kept.time === 'unknown',
    source,
    quality: implausible ? ['implausible' as const] : kept.standing === 'corrected' ? ['corrected' as const] : [],
  })
  void patient
  return {
    ...kept,
    record: kept.filed.state === 'record' ? (kept.filed.record === 'accepted' ? 'r-accepted' : 'r-0') : null,
    reading: { freshness, last: shown(text) },
    versions: versions.map(({ text: words, ...version }) => ({
      ...version,
      reading: words === null ? null : { freshness, last: { ...shown(words), quality: [] } },
    })),
  }
}

const SENT: Filed = { state: 'record', record: 'accepted', answer: '201 Created' }

/** `ago` is when it was measured. */
function measured(
  now: number,
  patient: string,
  [parameter, source, device_kind]: [Parameter, string, DeviceKind],
  [unit, unit_code]: [string, string],
  index: number,
  ago: number,
  text: string,
  filed: Filed = SENT,
): Kept {
  const at = now - ago
  const received = at + 4_000
  return {
    id: `${patient}-${parameter}-${index}`,
    patient,
    parameter,
    at,
    text,
    unit,
    unit_code,
    source,
    device_kind,
    implausible: filed.state === 'local' && filed.why === 'implausible',
    time: 'device_clock_corrected',
    received,
    standing: 'measured',
    waits_for_review: false,
    filed,
    pressures: parameter === 'blood_pressure',
    frame: `5e2a91c4-0d3f-4b6a-9a41-77c2f0e81b${10 + index} 00002a${parameter === 'blood_pressure' ? '35' : '1c'} ${index}`,
    versions: [{ said: 'measured', text, at: received, author: null, reason: null }],
  }
}

function ofRosa(now: number): Kept[] {
  const cuff: [Parameter, string, DeviceKind] = ['blood_pressure', 'Arm cuff C3', 'blood_pressure_cuff']
  const thermometer: [Parameter, string, DeviceKind] = ['body_temperature', 'Thermometer T2', 'thermometer']
  const waiting: Filed = { state: 'record', record: 'waiting', answer: null }
  const pressures = ['128/74', '131/78', '126/71', '212/118', '124/70', '129/75', '133/80', '127/72', '125/73', '130/77'].map((text, index) =>
    measured(now, 'p-rosa', cuff, ['mmHg', 'mm[Hg]'], index, 4 * MINUTE + index * 2.1 * HOUR, text, index === 0 ? waiting : SENT),
  )
  const temperatures = ['37.4', '37.1', '41.9', '36.8', '37.0'].map((text, index) =>
    measured(now, 'p-rosa', thermometer, ['°C', 'Cel'], index, 41 * MINUTE + index * 3.6 * HOUR, text),
  )
  const [, , third, fourth] = pressures
  const impossible = measured(now, 'p-rosa', thermometer, ['°C', 'Cel'], 8, 52 * MINUTE, '50.2', { state: 'local', why: 'implausible' })
  if (third) third.filed = { state: 'record', record: 'refused', answer: '422 required at Observation.status' }
  const early = new SimulatedSay(now)
  if (fourth) early.reject(fourth, 'Cuff over the sleeve, measured again', 'N. Vale-Test', 6.2 * HOUR)
  if (temperatures[2]) early.correct(temperatures[2], '37.9', 'Thermometer was on the warming pad; read again by hand', 'A. Okoro-Test', 7.5 * HOUR)
  return [...pressures, ...temperatures, impossible]
}

function ofRuth(now: number): Kept[] {
  const meter: [Parameter, string, DeviceKind] = ['blood_glucose', 'Glucose meter G1', 'glucose_meter']
  const scale: [Parameter, string, DeviceKind] = ['body_weight', 'Scale W1', 'weight_scale']
  const glucose = ['112', '104', '131', '98'].map((text, index) =>
    measured(now, 'p-ruth', meter, ['mg/dL', 'mg/dL'], index, 12 * MINUTE + index * 5 * HOUR, text),
  )
  return [...glucose, measured(now, 'p-ruth', scale, ['kg', 'kg'], 0, 33 * MINUTE, '64.8')]
}

/** What was said before the window was opened. */
class SimulatedSay {
  readonly #now: number
  constructor(now: number) {
    this.#now = now
  }

  reject(kept: Kept, reason: string, author: string, ago: number): void {
    kept.versions.push({ said: 'rejected', text: null, at: this.#now - ago, author, reason })
    kept.standing = 'rejected'
  }

  correct(kept: Kept, text: string, reason: string, author: string, ago: number): void {
    kept.versions.push({ said: 'corrected', text, at: this.#now - ago, author, reason })
    Object.assign(kept, { standing: 'corrected', text })
  }
}
