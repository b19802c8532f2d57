// The host in a plain browser: a believable bedside without Rust, for building and testing every page.
// `?start=slots_lost&vault` begins with a record whose list of people is lost; `?start=missing` with the first run, `?start=locked` with a locked keyring; `?interrupted` after an unclean end,
// `?vault` as a record with clinicians that is closed (ada, "plover anchor tin", PIN 590214; ben the nurse, "heron ladder wax",
// 771930; ida of IT, "otter pencil fog"), `?vault=ada` with her signed in, `?key=KEY-MISSING` with a keyring that fails once,
// `?enrol` as a record from before there were clinicians, `?watch` with values by bed on the locked screen, `?idle=90` locking after
// so many seconds, `?notices` with much to say about the record, `?spooled` with sealed batches, `?unwritable` with changes set aside,
// `?full` with a full disk, `?pairing` with a bound device that is not paired,
// `?pairing=disagree` with one that forgot its pairing, `?sync=` with a state of sync (see simulated/sync.ts). `simulatedBedside` in the browser's console silences devices or the whole console.
import type {
  CorrectedValue,
  DemoAction,
  NewClinician,
  PairingAnswer,
  PatientView,
  Permission,
  Role,
  StartView,
  StripCanvas,
  StripKind,
  TrendRange,
} from './bindings.ts'
import { HostError, type Host, type Watcher } from './host.ts'
import { ageText } from './simulated/age.ts'
import { clinicCalls, type ClinicCalls } from './simulated/clinic.ts'
import { coloursOf } from './simulated/colours.ts'
import { frameOf, type FramePart } from './simulated/display-list.ts'
import { beatIntervals, Sweep, trend, type Panel } from './simulated/pictures.ts'
import { SimulatedReadings } from './simulated/readings.ts'
import { heartRate, saturation } from './simulated/signals.ts'
import { Refusal, SimulatedVault } from './simulated/vault.ts'
import { SimulatedWard } from './simulated/ward.ts'

const SNAPSHOT_EVERY_MS = 250
const FRAME_EVERY_MS = 40
const TREND_EVERY_MS = 5_000
const HOUR = 3_600_000
const HOURS: Record<TrendRange, number> = { '1h': 1, '8h': 8, '24h': 24, '7d': 168, '30d': 720 }

export function simulatedHost(options: URLSearchParams): Host {
  const bedside = new SimulatedBedside(options)
  Object.assign(globalThis, { simulatedBedside: bedside })
  return Object.assign(bedside, bedside.clinic())
}

class SimulatedBedside implements Omit<Host, keyof ClinicCalls> {
  readonly #ward: SimulatedWard
  readonly #vault = new SimulatedVault(Date.now())
  readonly #readings: SimulatedReadings
  #start: string | null
  #watcher: Watcher | undefined
  #strips: StripCanvas[] = []
  #sweep: Sweep | undefined
  #trendDue = 0
  #halted = false

  constructor(options: URLSearchParams) {
    this.#start = options.get('start')
    this.#ward = new SimulatedWard(Date.now(), options.get('sync') ?? undefined)
    this.#readings = new SimulatedReadings(Date.now(), options.has('reviewed'))
    const now = Date.now()
    if (options.has('interrupted')) this.#ward.interrupted = { from: now - 4 * 60_000, until: now - 60_000 }
    if (options.has('pairing')) this.#ward.unpaired = this.#ward.devices.find(({ patient }) => patient)?.id ?? null
    if (options.get('pairing') === 'disagree') this.#ward.pairingFault = 'PAIRING-BONDS-DISAGREE'
    if (options.has('full')) this.#ward.stalledSince = now - 9_000
    if (options.has('empty')) this.#ward.people.length = 0
    this.#prepareVault(options, now)
  }

  /** What is asked of sync and of the clinic's list. */
  clinic(): ClinicCalls {
    return clinicCalls({
      ward: this.#ward,
      vault: this.#vault,
      tell: () => this.#tell(),
      demand: (what) => this.#demand(what),
      demandOpen: () => this.#demandOpen(),
      act: (run) => this.#now(run),
    })
  }

  #prepareVault(options: URLSearchParams, now: number): void {
    if (this.#start === 'missing' || options.has('enrol') || options.has('vault')) this.#ward.mode = 'clinic'
    this.#vault.enrolmentNeeded = options.has('enrol')
    this.#vault.watchDisplay = options.has('watch')
    this.#vault.idleAfter = Number(options.get('idle') ?? 300) * 1000
    if (options.has('vault')) {
      this.#vault.enrolSome(now)
      const user = this.#vault.people.find(({ user_name }) => user_name === options.get('vault'))
      if (user) this.#vault.signIn(user.user_name, user.passphrase, now)
      else this.#vault.close('start', now)
    }
    if (options.has('spooled')) this.#vault.spooled = 14
    if (options.has('unwritable')) this.#vault.unwritable = 3
    this.#vault.keyFault = options.get('key')
    if (options.has('notices')) {
      this.#vault.notices = [
        { kind: 'backup_overdue', last: now - 26 * HOUR },
        { kind: 'disk_low', free_octets: 412_000_000 },
        { kind: 'no_recovery_slot' },
        { kind: 'older_copy', missing_commits: 214 },
      ]
    }
  }

  async start(): Promise<StartView> {
    if (this.#start === 'locked') {
      this.#start = null
      return { state: 'failed', code: 'KEY-LOCKED', remedy: 'unlock_keyring', detail: 'no storage access' }
    }
    if (this.#start === 'slots_lost') {
      const { backups } = this.#vault.atRest()
      const users = this.#vault.people.filter(({ disabled }) => disabled === null).map(({ user_name }) => user_name)
      return { state: 'slots_lost', users, recovery_slot: true, backups }
    }
    if (this.#start === 'missing') return { state: 'vault_missing', recovery_by_policy: false }
    return { state: 'running', mode: this.#ward.mode }
  }

  async createVault(form: NewClinician) {
    this.#start = null
    return this.#vault.enrolFirst(form, Date.now())
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
    this.#demand('read_records')
    const now = Date.now()
    return this.#ward.people.map((patient) => {
      const age = this.#ward.lastValue(patient.id, now)
      return {
        patient,
        name_alert: this.#ward.people.filter(({ family }) => family === patient.family).length > 1,
        last_value: age === null ? null : now - age,
        last_value_age: age === null ? null : ageText(age),
        unsent: patient.id === 'p-rosa' ? 6 : patient.id === 'p-ruth' ? 2 : 0,
        at_clinic: this.#ward.sync.standing(patient.id, now),
      }
    })
  }

  async addPatient(typed: { record_number: string; family: string; given: string; birth_date: string; sex: string; bed: string }) {
    this.#demand('record')
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
    this.#demand('read_records')
    if (patient !== null && !this.#ward.people.some(({ id }) => id === patient)) {
      throw fault('PATIENT-UNKNOWN', 'error.no_such_patient')
    }
    this.#ward.open = patient
    if (patient !== null) this.#wrote('patient_opened', patient)
    this.#sweep = undefined
    this.#tell()
  }

  async search(seconds: number) {
    this.#ward.searchingUntil = seconds > 0 ? Date.now() + seconds * 1000 : null
    this.#tell()
  }

  async bind(peripheral: string, patient: string) {
    this.#demand('record')
    await new Promise((done) => setTimeout(done, 900))
    const device = this.#ward.devices.find(({ id }) => id === peripheral)
    if (!device) throw fault('DEVICE-UNKNOWN', 'error.no_such_device')
    if (device.patient) throw fault('DEVICE-BOUND', 'error.bound_elsewhere')
    const now = Date.now()
    this.#wrote('device_bound', patient, { device: device.name })
    Object.assign(device, { patient, boundSince: now, since: now, enrolled: true, link: 'linked', measured: 0 })
    this.#tell()
  }

  async bindKnown(device: string, patient: string) {
    await this.bind(device, patient)
  }

  async unbind(id: string) {
    this.#demand('record')
    const device = this.#ward.devices.find((each) => each.id === id)
    if (!device) throw fault('DEVICE-UNKNOWN', 'error.no_such_device')
    delete device.patient
    device.boundSince = null
    this.#tell()
  }

  async pair() {
    this.#demand('record')
    this.#ward.ask('may_bond', Date.now())
    this.#tell()
  }

  /** The simulated device is heard again at once. */
  async pairAnew() {
    this.#demand('record')
    this.#ward.pairingFault = 'PAIRING-NEEDED'
    await this.pair()
  }

  /** The simulated device shows 482 913. */
  async answerPairing(prompt: number, given: PairingAnswer) {
    this.#demand('record')
    const asked = this.#ward.asked
    if (asked?.prompt !== prompt) throw fault('PAIRING-QUESTION-OVER', 'error.pairing_question_over')
    if (given.answer === 'reject') this.#ward.endPairing('PAIRING-DECLINED')
    else if (asked.question === 'may_bond') this.#ward.ask('enter_passkey', Date.now())
    else this.#ward.endPairing(given.answer === 'passkey' && given.digits === '482913' ? null : 'PAIRING-FAILED')
    this.#tell()
  }

  async confirmUserSlot(id: string) {
    this.#demand('record')
    const device = this.#ward.devices.find((each) => each.id === id)
    if (!device) throw fault('DEVICE-UNKNOWN', 'error.no_such_device')
    device.slotAsked = null
    this.#tell()
  }

  async giveConsent() {
    this.#demand('record')
    this.#tell()
  }

  async fetchRecords() {
    this.#demand('record')
    this.#tell()
  }

  async enrolled() {
    this.#demand('read_records')
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
    this.#demand('read_records')
    return this.#ward.inbox.view(patient, this.#ward.people, Date.now())
  }

  async assign(readings: string[], patient: string) {
    this.#demand('record')
    const charted = this.#ward.inbox.assign(readings, patient)
    if (charted === null) throw fault('INBOX-OTHER-PATIENT', 'error.of_another_patient')
    this.#tell()
    return charted
  }

  async acknowledgeInterruption() {
    this.#demand('record')
    this.#ward.interrupted = null
    this.#tell()
  }

  async charted(patient: string, limit: number) {
    this.#demand('read_records')
    return this.#readings.charted(patient, limit, Date.now())
  }

  async markStrip(patient: string, strip: StripKind, seconds: number) {
    this.#demand('record')
    const shown = this.#ward.strips(patient).some(({ kind }) => kind === strip)
    if (!shown || strip === 'trend' || strip === 'beat_intervals') throw fault('STRIP-EMPTY', 'error.nothing_to_mark')
    const parts = Math.max(1, Math.floor(seconds / 10))
    this.#wrote('strip_marked', patient, { count: parts })
    return parts
  }

  async correctReading(reading: string, value: CorrectedValue, reason: string) {
    this.#demand('review')
    await this.#now((now) => {
      this.#wrote('reading_corrected', this.#readings.correct(reading, value, reason, this.#vault.author, now), { reason })
    })
  }

  async rejectReading(reading: string, reason: string) {
    this.#demand('review')
    await this.#now((now) => {
      this.#wrote('reading_rejected', this.#readings.reject(reading, reason, this.#vault.author, now), { reason })
    })
  }

  async confirmReading(reading: string) {
    this.#demand('review')
    await this.#now((now) => {
      this.#wrote('reading_confirmed', this.#readings.confirm(reading, this.#vault.author, now))
    })
  }

  async setStrips(strips: StripCanvas[]) {
    this.#demandOpen()
    this.#strips = strips
    this.#sweep = undefined
    this.#trendDue = 0
  }

  async trendChart(patient: string, range: TrendRange, width: number, height: number) {
    this.#demand('read_records')
    const colours = coloursOf(document)
    const now = Date.now()
    const from = now - HOURS[range] * HOUR
    return trend([...this.#curves(patient), ...this.#spots(patient, now)], from, now, width, height, colours).buffer as ArrayBuffer
  }

  async signIn(user: string, passphrase: string) {
    // The real one takes as long to derive a key.
    await new Promise((done) => setTimeout(done, 400))
    await this.#now((now) => this.#vault.signIn(user, passphrase, now))
  }

  async openByItself() {
    this.#tell()
  }

  async recover(kit: string, form: NewClinician) {
    await this.#now((now) => this.#vault.recover(kit, form, now))
  }

  async enrolFirst(form: NewClinician) {
    return this.#now((now) => this.#vault.enrolFirst(form, now))
  }

  async lockScreen() {
    await this.#now((now) => this.#vault.lockScreen('by_hand', now))
  }

  async signOut() {
    this.#ward.open = null
    await this.#now((now) => this.#vault.close('by_hand', now))
  }

  async unlockScreen(user: string, pin: string) {
    await this.#now((now) => this.#vault.unlockScreen(user, pin, now))
  }

  async activity() {
    await this.#now((now) => this.#vault.activity(now))
  }

  async breakGlass(reason: string) {
    await this.#now((now) => this.#vault.breakGlass(reason, now))
  }

  async endBreakGlass() {
    this.#ward.open = null
    await this.#now((now) => this.#vault.endBreakGlass(now))
  }

  async clinicians() {
    return this.#now((now) => this.#vault.clinicians(now))
  }

  async addClinician(form: NewClinician) {
    return this.#now((now) => this.#vault.add(form, now))
  }

  async changeClinician(id: string, displayName: string, roles: Role[]) {
    await this.#now((now) => this.#vault.change(id, displayName, roles, now))
  }

  async disableClinician(id: string) {
    await this.#now((now) => this.#vault.disable(id, now))
  }

  async changePassphrase(old: string, passphrase: string) {
    await this.#now((now) => this.#vault.changeOwn(old, { passphrase }, now))
  }

  async resetPassphrase(id: string, passphrase: string) {
    await this.#now((now) => this.#vault.resetPassphrase(id, passphrase, now))
  }

  async changePin(passphrase: string, pin: string) {
    await this.#now((now) => this.#vault.changeOwn(passphrase, { pin }, now))
  }

  async capture(peripheral: string) {
    this.#ward.captured.add(peripheral)
    if (!this.#vault.open) this.#vault.spooled += 1
    this.#tell()
  }

  async vaultState() {
    return this.#now(() => this.#vault.state())
  }

  async backUp() {
    return this.#now((now) => this.#vault.backUp(now))
  }

  async checkVault() {
    this.#demand('keep_vault')
  }

  async restore(folder: string | null, _user: string | null, passphrase: string | null) {
    this.#ward.open = null
    return this.#now((now) => this.#vault.restore(folder, passphrase, now))
  }

  async restoreWithoutSlots(user: string, passphrase: string) {
    await new Promise((done) => setTimeout(done, 400))
    return this.#now((now) => this.#back(this.#vault.bringBack({ user, passphrase }, now)))
  }

  async restoreByKit(kit: string) {
    return this.#now((now) => this.#back(this.#vault.bringBack({ kit }, now)))
  }

  #back<T>(restored: T): T {
    this.#start = null
    return restored
  }

  async rekey() {
    await this.#now((now) => this.#vault.rekey(now))
  }

  async newRecoveryKit() {
    return this.#now((now) => this.#vault.newKit(now))
  }

  async auditLog(patient: string | null, limit: number) {
    return this.#now((now) => this.#vault.log(patient, limit, now))
  }

  async verifyAudit() {
    return this.#now((now) => this.#vault.verdict(now))
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

  /** Does something with the record and tells what it is now; what it refuses becomes what the host throws. */
  async #now<T>(act: (now: number) => T): Promise<T> {
    // The real one never answers in the same turn either.
    await Promise.resolve()
    try {
      return act(Date.now())
    } catch (thrown) {
      throw thrown instanceof Refusal ? fault(thrown.code, thrown.text, thrown.detail) : thrown
    } finally {
      this.#tell()
    }
  }

  #demand(what: Permission): void {
    try {
      this.#vault.demand(what, Date.now())
    } catch (thrown) {
      throw thrown instanceof Refusal ? fault(thrown.code, thrown.text, thrown.detail) : thrown
    }
  }

  #demandOpen(): void {
    if (!this.#vault.open) throw fault('LOCKED', 'error.locked')
  }

  #wrote(action: string, patient: string, more = {}): void {
    this.#vault.wrote(Date.now(), action, this.#ward.people.find(({ id }) => id === patient) ?? null, more)
  }

  #tell(): void {
    const now = Date.now()
    if (!this.#halted) this.#watcher?.onSnapshot(this.#ward.view(now, this.#vault.view(now, this.#ward.watch(now))))
  }

  #draw(): void {
    const [now, patient] = [Date.now(), this.#ward.open]
    if (this.#halted || !patient || !this.#strips.length || !this.#vault.open) return
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

const fault = (code: string, text: string, detail = ''): HostError => new HostError({ code, text, detail })
