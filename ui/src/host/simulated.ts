// The host in a plain browser: a believable bedside without Rust, for building and testing every page.
// `?start=missing` begins with the first run, `?start=locked` with a locked keyring; `?interrupted` after an unclean end,
// `?full` with a full disk, `?pairing` with a bound device that is not paired,
// `?pairing=disagree` with one that forgot its pairing. `simulatedBedside` in the browser's console silences devices or the whole console.
import type { CommandError, DemoAction, PairingAnswer, PatientView, StartView, StripCanvas, TrendRange } from './bindings.ts'
import { HostError, type Host, type Watcher } from './host.ts'
import { ageText } from './simulated/age.ts'
import { coloursOf } from './simulated/colours.ts'
import { frameOf, type FramePart } from './simulated/display-list.ts'
import { beatIntervals, Sweep, trend, type Panel } from './simulated/pictures.ts'
import { heartRate, saturation } from './simulated/signals.ts'
import { SimulatedWard } from './simulated/ward.ts'

const SNAPSHOT_EVERY_MS = 250
const FRAME_EVERY_MS = 40
const TREND_EVERY_MS = 5_000
const HOUR = 3_600_000
const HOURS: Record<TrendRange, number> = { '1h': 1, '8h': 8, '24h': 24, '7d': 168, '30d': 720 }

export function simulatedHost(options: URLSearchParams): Host {
  const bedside = new SimulatedBedside(options)
  Object.assign(globalThis, { simulatedBedside: bedside })
  return bedside
}

class SimulatedBedside implements Host {
  readonly #ward = new SimulatedWard(Date.now())
  #start: string | null
  #watcher: Watcher | undefined
  #strips: StripCanvas[] = []
  #sweep: Sweep | undefined
  #trendDue = 0
  #halted = false

  constructor(options: URLSearchParams) {
    this.#start = options.get('start')
    const now = Date.now()
    if (options.has('interrupted')) this.#ward.interrupted = { from: now - 4 * 60_000, until: now - 60_000 }
    if (options.has('pairing')) this.#ward.unpaired = this.#ward.devices.find(({ patient }) => patient)?.id ?? null
    if (options.get('pairing') === 'disagree') this.#ward.pairingFault = 'PAIRING-BONDS-DISAGREE'
    if (options.has('full')) this.#ward.stalledSince = now - 9_000
    if (options.has('empty')) this.#ward.people.length = 0
  }

  async start(createVault: boolean): Promise<StartView> {
    if (this.#start === 'locked') {
      this.#start = null
      return { state: 'failed', code: 'KEY-LOCKED', remedy: 'unlock_keyring', detail: 'no storage access' }
    }
    if (this.#start === 'missing' && !createVault) return { state: 'vault_missing' }
    return { state: 'running', mode: 'demo' }
  }

  async watch(watcher: Watcher): Promise<void> {
    const first = !this.#watcher
    this.#watcher = watcher
    this.#tell()
    if (!first) return
    setInterval(() => this.#tell(), SNAPSHOT_EVERY_MS)
    setInterval(() => this.#draw(), FRAME_EVERY_MS)
  }

  async patients() {
    const now = Date.now()
    return this.#ward.people.map((patient) => {
      const age = this.#ward.lastValue(patient.id, now)
      return {
        patient,
        name_alert: this.#ward.people.filter(({ family }) => family === patient.family).length > 1,
        last_value: age === null ? null : now - age,
        last_value_age: age === null ? null : ageText(age),
        unsent: patient.id === 'p-rosa' ? 6 : patient.id === 'p-ruth' ? 2 : 0,
      }
    })
  }

  async addPatient(typed: { record_number: string; family: string; given: string; birth_date: string; sex: string; bed: string }) {
    if (this.#ward.people.some((patient) => patient.record_number === typed.record_number.trim())) {
      throw fault('PATIENT-TAKEN', 'error.record_number_taken')
    }
    const years = Math.floor((Date.now() - Date.parse(typed.birth_date)) / (365.25 * 24 * HOUR))
    const patient: PatientView = {
      id: crypto.randomUUID(),
      family: typed.family.trim(),
      given: typed.given.trim(),
      birth_date: typed.birth_date,
      age_years: years,
      sex: typed.sex === 'female' || typed.sex === 'male' || typed.sex === 'other' ? typed.sex : 'unknown',
      record_number: typed.record_number.trim(),
      bed: typed.bed.trim() || null,
    }
    this.#ward.people.push(patient)
    this.#ward.people.sort((a, b) => `${a.family} ${a.given}`.localeCompare(`${b.family} ${b.given}`))
    return patient
  }

  async openPatient(patient: string | null) {
    if (patient !== null && !this.#ward.people.some(({ id }) => id === patient)) {
      throw fault('PATIENT-UNKNOWN', 'error.no_such_patient')
    }
    this.#ward.open = patient
    this.#sweep = undefined
    this.#tell()
  }

  async search(seconds: number) {
    this.#ward.searchingUntil = seconds > 0 ? Date.now() + seconds * 1000 : null
    this.#tell()
  }

  async bind(peripheral: string, patient: string) {
    await new Promise((done) => setTimeout(done, 900))
    const device = this.#ward.devices.find(({ id }) => id === peripheral)
    if (!device) throw fault('DEVICE-UNKNOWN', 'error.no_such_device')
    if (device.patient) throw fault('DEVICE-BOUND', 'error.bound_elsewhere')
    const now = Date.now()
    Object.assign(device, { patient, boundSince: now, since: now, enrolled: true, link: 'linked', measured: 0 })
    this.#tell()
  }

  async bindKnown(device: string, patient: string) {
    await this.bind(device, patient)
  }

  async unbind(id: string) {
    const device = this.#ward.devices.find((each) => each.id === id)
    if (!device) throw fault('DEVICE-UNKNOWN', 'error.no_such_device')
    delete device.patient
    device.boundSince = null
    this.#tell()
  }

  async pair() {
    this.#ward.ask('may_bond', Date.now())
    this.#tell()
  }

  /** The simulated device is heard again at once. */
  async pairAnew() {
    this.#ward.pairingFault = 'PAIRING-NEEDED'
    await this.pair()
  }

  /** The simulated device shows 482 913. */
  async answerPairing(prompt: number, given: PairingAnswer) {
    const asked = this.#ward.asked
    if (asked?.prompt !== prompt) throw fault('PAIRING-QUESTION-OVER', 'error.pairing_question_over')
    if (given.answer === 'reject') this.#ward.endPairing('PAIRING-DECLINED')
    else if (asked.question === 'may_bond') this.#ward.ask('enter_passkey', Date.now())
    else this.#ward.endPairing(given.answer === 'passkey' && given.digits === '482913' ? null : 'PAIRING-FAILED')
    this.#tell()
  }

  async confirmUserSlot(id: string) {
    const device = this.#ward.devices.find((each) => each.id === id)
    if (!device) throw fault('DEVICE-UNKNOWN', 'error.no_such_device')
    device.slotAsked = null
    this.#tell()
  }

  async giveConsent() {
    this.#tell()
  }

  async fetchRecords() {
    this.#tell()
  }

  async enrolled() {
    return this.#ward.devices
      .filter((device) => device.enrolled)
      .map((device) => ({
        device: device.id,
        name: device.name,
        kind: device.kind,
        model: 'Simulated',
        serial: device.id,
        patient: this.#ward.people.find(({ id }) => id === device.patient) ?? null,
        bound_since: device.boundSince,
      }))
  }

  async inbox(patient: string | null) {
    return this.#ward.inbox.view(patient, this.#ward.people, Date.now())
  }

  async assign(readings: string[], patient: string) {
    const charted = this.#ward.inbox.assign(readings, patient)
    if (charted === null) throw fault('INBOX-OTHER-PATIENT', 'error.of_another_patient')
    this.#tell()
    return charted
  }

  async acknowledgeInterruption() {
    this.#ward.interrupted = null
    this.#tell()
  }

  async setStrips(strips: StripCanvas[]) {
    this.#strips = strips
    this.#sweep = undefined
    this.#trendDue = 0
  }

  async trendChart(patient: string, range: TrendRange, width: number, height: number) {
    const colours = coloursOf(document)
    const now = Date.now()
    const from = now - HOURS[range] * HOUR
    return trend([...this.#curves(patient), ...this.#spots(patient, now)], from, now, width, height, colours).buffer as ArrayBuffer
  }

  async syncNow() {
    const now = Date.now()
    const sent = this.#ward.records.filter(({ state }) => state === 'waiting')
    for (const record of sent) this.#ward.records.splice(this.#ward.records.indexOf(record), 1)
    this.#ward.accepted += sent.length
    this.#ward.lastAttempt = this.#ward.lastAccepted = now
    this.#tell()
  }

  async openRecords() {
    return this.#ward.records.map(({ next, answer, ...record }) => ({
      ...record,
      next_attempt: next,
      answer_status: answer?.status ?? null,
      answer: answer?.text ?? null,
      answered: answer?.at ?? null,
    }))
  }

  async retry(id: string) {
    const record = this.#ward.records.find((each) => each.id === id)
    if (record) Object.assign(record, { state: 'waiting', next: Date.now() })
    this.#tell()
  }

  async demo(action: DemoAction) {
    if (action.action === 'halt_console') {
      this.#halted = true
      return
    }
    const device = this.#ward.devices.find(({ name }) => name === action.device)
    if (!device) throw fault('DEVICE-UNKNOWN', 'error.no_such_device')
    if (action.action === 'resume_device') delete device.silencedAt
    else if (action.action === 'measure') Object.assign(device, { measured: 0, never: false })
    else device.silencedAt = Date.now()
  }

  #tell(): void {
    const now = Date.now()
    if (!this.#halted) this.#watcher?.onSnapshot(this.#ward.view(now))
  }

  #draw(): void {
    const [now, patient] = [Date.now(), this.#ward.open]
    if (this.#halted || !patient || !this.#strips.length) return
    const heart = this.#ward.heart(patient, now)
    const beats = heart.beats(now)
    const colours = coloursOf(document)
    const parts: FramePart[] = []
    for (const { id, kind } of this.#ward.strips(patient)) {
      const canvas = this.#strips.find((strip) => strip.kind === kind)
      if (!canvas) continue
      const { width, height } = canvas
      if (kind === 'electrocardiogram') {
        if (!this.#sweep) {
          this.#sweep = new Sweep(width, height, canvas.pixels_per_mm, now)
          parts.push({ strip: id, replace: true, list: this.#sweep.paper(colours) })
        }
        if (this.#ward.heard(patient, true)) {
          parts.push({ strip: id, replace: false, list: this.#sweep.advance(heart, now, colours) })
        }
      } else if (kind === 'beat_intervals' && this.#ward.heard(patient, false)) {
        parts.push({ strip: id, replace: true, list: beatIntervals(beats, now, width, height, colours) })
      } else if (kind === 'trend' && now >= this.#trendDue) {
        this.#trendDue = now + TREND_EVERY_MS
        parts.push({ strip: id, replace: true, list: trend(this.#curves(patient), now - 2 * HOUR, now, width, height, colours) })
      }
    }
    if (parts.length) this.#watcher?.onFrame(frameOf(parts))
  }

  #curves(patient: string): Panel[] {
    const colours = coloursOf(document)
    const seed = [...patient].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 97
    const now = Date.now()
    const away = (at: number) => {
      const ago = (now - at) / 60_000
      return (ago > 19 && ago < 25) || (ago > 410 && ago < 470)
    }
    const curve = (name: string, unit: string, colour: string, range: [number, number], limits: number[], value: (at: number) => number): Panel =>
      ({ name, unit, colour, lowest: range[0], highest: range[1], limits, weight: 5, value: (at) => (away(at) ? undefined : value(at)) })
    return [
      curve('HR', '/min', colours.heart, [40, 120], [50, 110], (at) => heartRate(at, seed)),
      curve('SpO₂', '%', colours.saturation, [88, 100], [94], (at) => saturation(at, seed)),
    ]
  }

  #spots(patient: string, now: number): Panel[] {
    if (!this.#ward.devices.some((device) => device.patient === patient)) return []
    const colours = coloursOf(document)
    const each = (step: number, from: number) => Array.from({ length: 40 }, (_, index) => now - from - index * step)
    const pressures = each(2.1 * HOUR, 4 * 60_000).map((at) => ({ at, value: 124 + 9 * Math.sin(at), low: 73 + 6 * Math.cos(at) }))
    const temperatures = each(3.6 * HOUR, 41 * 60_000).map((at) => ({ at, value: 37.5 + 0.4 * Math.sin(at) }))
    return [
      { name: 'NIBP', unit: 'mmHg', colour: colours.pressure, lowest: 40, highest: 160, limits: [100, 160], weight: 4, spots: pressures },
      { name: 'Temp', unit: '°C', colour: colours.temperature, lowest: 36, highest: 39, limits: [38.5], weight: 3, spots: temperatures },
    ]
  }
}

const fault = (code: string, text: string): HostError => {
  const error: CommandError = { code, text, detail: '' }
  return new HostError(error)
}
