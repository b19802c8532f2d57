// The record of the simulated bedside: who may sign in, what is locked, backups and the audit log, all in memory.
// It plays the vault's part and no more: nothing is encrypted, and the wrong tries wait like the real ones.
import type {
  AccessView,
  AuditLineView,
  AuditVerdictView,
  BackupView,
  ClinicianView,
  KitView,
  LockReason,
  NewClinician,
  PatientView,
  Permission,
  PolicyLine,
  RestoredView,
  Role,
  VaultNotice,
  VaultStateView,
  WatchTile,
} from '../bindings.ts'
import { ageText } from './age.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const FREE_TRIES = 3
const MOST_TRIES = 10

/** Why a call is refused: the code and the key of its text. */
export class Refusal extends Error {
  readonly code: string
  readonly text: string
  readonly detail: string
  constructor(code: string, text: string, detail = '') {
    super(code)
    this.code = code
    this.text = `error.${text}`
    this.detail = detail
  }
}

interface Enrolled extends ClinicianView {
  passphrase: string
  pin: string | null
  failures: number
  waitUntil: number
}

const MAY: Record<Role, Permission[]> = {
  clinician: ['read_records', 'record', 'review', 'export'],
  nurse: ['read_records', 'record'],
  reviewer: ['read_records', 'review', 'export'],
  administrator: ['manage_clinicians', 'read_audit', 'keep_vault'],
  it_support: ['keep_vault'],
}

export const SIMULATED_KIT = '7K2QH-M9X4N-0HTBS-YW3Z0-51GNP-E8JPP-A6D0X-QX7RQ-2BVKW-94WYH-ZN5GG-18JT8-CM0RX-H3VEK'

const OTHER_KIT = 'M9X4Z-0HTBZ-YW3ZJ-51GNG-E8JPW-A6D0V-QX7RG-2BVKT-94WYV-ZN5GP-18JTT-CM0RV-H3VES-7K2QP'

export class SimulatedVault {
  /** Without clinicians: the demonstration, which opens by itself. */
  people: Enrolled[] = []
  notices: VaultNotice[] = []
  /** The keyring's fault at the next sign-in. */
  keyFault: string | null = null
  idleAfter = 5 * MINUTE
  watchDisplay = false
  enrolmentNeeded = false
  spooled = 0
  unwritable = 0
  kit = SIMULATED_KIT

  #state: 'closed' | 'screen_locked' | 'open' = 'open'
  #since = 0
  #why: LockReason = 'start'
  #user: Enrolled | null = null
  #touched = 0
  #tried: Enrolled | null = null
  #glassUntil: number | null = null
  #backups: BackupView[] = []
  #log: AuditLineView[] = []
  #generation = 48_213

  constructor(now: number) {
    this.#touched = now
    const backup = (ago: number, behind: number, verified: boolean): BackupView => ({
      folder: `backups/${new Date(now - ago).toISOString().slice(0, 16)}`,
      at: now - ago,
      age: ageText(ago),
      verified: verified ? now - ago + 2 * SECOND : null,
      generation: this.#generation - behind,
      octets: 8_420_000 - behind * 310,
    })
    this.#backups = [
      backup(12 * MINUTE, 37, true),
      backup(27 * MINUTE, 81, true),
      backup(42 * MINUTE, 126, true),
      backup(DAY, 5_920, true),
      backup(2 * DAY, 11_204, true),
      backup(3 * DAY, 15_877, false),
    ]
  }

  /** Makes it a record with clinicians: Ada (administrator and clinician), Ben (nurse), Ida (IT support). */
  enrolSome(now: number): void {
    const person = (user_name: string, display_name: string, roles: Role[], passphrase: string, pin: string | null): Enrolled => ({
      id: `c-${user_name}`,
      user_name,
      display_name,
      roles,
      disabled: null,
      has_pin: pin !== null,
      enrolled: now - 40 * DAY,
      passphrase,
      pin,
      failures: 0,
      waitUntil: 0,
    })
    this.people = [
      person('ada', 'A. Okoro-Test', ['clinician', 'administrator'], 'plover anchor tin', '590214'),
      person('ben', 'B. Lind-Test', ['nurse'], 'heron ladder wax', '771930'),
      person('ida', 'I. Marsh-Test', ['it_support'], 'otter pencil fog', null),
      { ...person('noor', 'N. Vale-Test', ['reviewer'], 'unused', null), disabled: now - 6 * DAY },
    ]
  }

  close(why: LockReason, now: number): void {
    if (!this.people.length) return
    this.#write(now, 'vault_locked')
    this.#leave('closed', why, now)
    this.#user = null
    this.#tried = null
  }

  lockScreen(why: LockReason, now: number): void {
    if (this.#state !== 'open' || !this.#user) return
    this.#write(now, 'screen_locked')
    this.#leave('screen_locked', why, now)
  }

  get open(): boolean {
    return this.#state === 'open' && !this.enrolmentNeeded
  }

  /** Refuses everything while it is not open. */
  demandOpen(): void {
    if (!this.open) throw new Refusal('LOCKED', 'locked')
  }

  demand(what: Permission, now: number): void {
    this.demandOpen()
    if (!this.#user) return
    const glass = what === 'read_records' && this.#glassUntil !== null && this.#glassUntil > now
    if (!glass && !this.#may().includes(what)) throw new Refusal('NOT-PERMITTED', 'not_allowed', what)
  }

  signIn(user: string, passphrase: string, now: number): void {
    if (this.keyFault) {
      const code = this.keyFault
      this.keyFault = null
      throw new Refusal(code, 'key_system', 'no storage access')
    }
    const person = this.#known(user, now)
    if (passphrase !== person.passphrase) this.#wrong(person, now)
    this.#enter(person, now, 'signed_in')
  }

  unlockScreen(user: string, pin: string, now: number): void {
    const person = this.#known(user, now)
    if (person.pin === null || pin !== person.pin) this.#wrong(person, now)
    this.#enter(person, now, 'screen_unlocked')
  }

  recover(kit: string, form: NewClinician, now: number): void {
    const [typed, right] = [kit.split('-'), this.kit.split('-')]
    const wrong = right.findIndex((group, index) => group !== typed[index])
    if (wrong >= 0) throw new Refusal('KIT-MALFORMED', 'kit', `group ${wrong + 1} of the recovery kit does not fit its checksum`)
    this.keyFault = null
    this.#enter(this.#enrol(form, now), now, 'recovered')
  }

  /** The first one, of a new record or of one from before there were clinicians. */
  enrolFirst(form: NewClinician, now: number): KitView {
    this.enrolmentNeeded = false
    this.#enter(this.#enrol(form, now), now, 'vault_created')
    return { kit: this.kit, vault: VAULT }
  }

  activity(now: number): void {
    this.#touched = now
  }

  breakGlass(reason: string, now: number): void {
    this.demandOpen()
    this.#glassUntil = now + 4 * HOUR
    this.#write(now, 'break_glass_begun', { reason, purpose: 'break_glass' })
  }

  endBreakGlass(now: number): void {
    if (this.#glassUntil !== null) this.#write(now, 'break_glass_ended')
    this.#glassUntil = null
  }

  clinicians(now: number): ClinicianView[] {
    this.demand('manage_clinicians', now)
    return this.people.map(({ passphrase: _p, pin: _n, failures: _f, waitUntil: _w, ...shown }) => shown)
  }

  add(form: NewClinician, now: number): ClinicianView {
    this.demand('manage_clinicians', now)
    const person = this.#enrol(form, now)
    this.#write(now, 'clinician_added', { clinician: person.display_name })
    return person
  }

  change(id: string, display_name: string, roles: Role[], now: number): void {
    this.demand('manage_clinicians', now)
    const person = this.#byId(id)
    if (!roles.includes('administrator')) this.#keepAdministrator(person)
    Object.assign(person, { display_name, roles })
    this.#write(now, 'clinician_changed', { clinician: display_name })
  }

  disable(id: string, now: number): void {
    this.demand('manage_clinicians', now)
    const person = this.#byId(id)
    this.#keepAdministrator(person)
    person.disabled = now
    this.#write(now, 'clinician_disabled', { clinician: person.display_name })
  }

  resetPassphrase(id: string, passphrase: string, now: number): void {
    this.demand('manage_clinicians', now)
    Object.assign(this.#byId(id), { passphrase, failures: 0, waitUntil: 0 })
    this.#write(now, 'passphrase_changed', { clinician: this.#byId(id).display_name })
  }

  changeOwn(old: string, change: { passphrase?: string; pin?: string }, now: number): void {
    this.demandOpen()
    if (!this.#user || old !== this.#user.passphrase) throw new Refusal('SECRET-WRONG', 'secret_wrong')
    Object.assign(this.#user, change, { has_pin: change.pin ? true : this.#user.has_pin })
    this.#write(now, change.pin ? 'pin_changed' : 'passphrase_changed')
  }

  state(): VaultStateView {
    this.demandOpen()
    return {
      vault: VAULT,
      generation: this.#generation,
      octets: 8_431_000,
      free_octets: 61_200_000_000,
      spooled: this.spooled,
      unwritable: this.unwritable,
      backups: this.#backups,
      recovery_slot: !this.notices.some(({ kind }) => kind === 'no_recovery_slot'),
      policy: POLICY,
    }
  }

  backUp(now: number): BackupView {
    this.demand('keep_vault', now)
    const made: BackupView = {
      folder: `backups/${new Date(now).toISOString().slice(0, 19)}`,
      at: now,
      age: ageText(0),
      verified: now,
      generation: this.#generation,
      octets: 8_431_000,
    }
    this.#backups = [made, ...this.#backups]
    this.notices = this.notices.filter(({ kind }) => kind !== 'backup_overdue')
    this.#write(now, 'backed_up')
    return made
  }

  restore(folder: string | null, passphrase: string | null, now: number): RestoredView {
    this.demand('keep_vault', now)
    const backup = this.#backups.find((each) => folder === null || each.folder === folder)
    if (!backup) throw new Refusal('STORE-NO-BACKUP', 'no_such_backup')
    if (this.#user && passphrase !== this.#user.passphrase) throw new Refusal('SECRET-WRONG', 'secret_wrong')
    const missing = Math.floor((this.#generation - backup.generation) / 12)
    this.#generation = backup.generation
    this.#write(now, 'restored')
    this.close('restored', now)
    return { backup, set_aside: 'damaged/2026-03-18T14-06-32', recovered: missing * 11, missing_commits: missing, unreadable: [] }
  }

  /** What can be known of it while its list of people is lost. */
  atRest(): { backups: BackupView[] } {
    return { backups: this.#backups }
  }

  /** From the newest backup, by somebody's passphrase or the kit. */
  bringBack(by: { user: string; passphrase: string } | { kit: string }, now: number): RestoredView {
    if ('kit' in by && by.kit !== this.kit) throw new Refusal('STORE-KEY', 'store')
    if ('user' in by && !this.people.some((one) => one.user_name === by.user && one.passphrase === by.passphrase)) {
      throw new Refusal('SECRET-WRONG', 'secret_wrong')
    }
    const [backup] = this.#backups
    if (!backup) throw new Refusal('BACKUP', 'no_backup')
    this.#write(now, 'restored')
    this.#since = now
    this.#why = 'restored'
    return { backup, set_aside: 'damaged/2026-03-18T14-06-32', recovered: 33, missing_commits: 0, unreadable: [] }
  }

  rekey(now: number): void {
    this.demand('keep_vault', now)
    this.#write(now, 'rekeyed')
  }

  newKit(now: number): KitView {
    this.demand('keep_vault', now)
    this.kit = OTHER_KIT
    this.notices = this.notices.filter(({ kind }) => kind !== 'no_recovery_slot')
    this.#write(now, 'recovery_key_set')
    return { kit: this.kit, vault: VAULT }
  }

  log(patient: string | null, limit: number, now: number): AuditLineView[] {
    if (patient === null) this.demand('read_audit', now)
    else this.demand('read_records', now)
    const found = this.#log.filter((line) => patient === null || line.patient?.id === patient)
    this.#write(now, 'audit_seen')
    return found.toReversed().slice(0, limit)
  }

  verdict(now: number): AuditVerdictView {
    this.demand('read_audit', now)
    return { state: 'sound', entries: 12_804 + this.#log.length, signed: 12_800 }
  }

  /** An act about a patient. */
  /** Who is signed in. */
  get author(): string | null {
    return this.#user?.display_name ?? null
  }

  wrote(now: number, action: string, patient: PatientView | null, more: Partial<AuditLineView> = {}): void {
    const about = patient && { id: patient.id, family: patient.family, given: patient.given, record_number: patient.record_number }
    this.#write(now, action, { patient: about, ...more })
  }

  view(now: number, watch: WatchTile[]): AccessView {
    const idle = now - this.#touched
    if (this.#user && this.#state === 'open' && idle >= this.idleAfter) this.lockScreen('idle', now)
    if (this.#user && this.#state === 'screen_locked' && idle >= 6 * this.idleAfter) this.close('long_idle', now)
    const waitUntil = this.#tried && this.#tried.waitUntil > now ? this.#tried.waitUntil : null
    if (this.#state === 'closed') {
      return {
        state: 'closed',
        since: this.#why === 'start' ? null : this.#since,
        why: this.#why,
        users: this.people.filter(({ disabled }) => disabled === null).map(({ user_name }) => user_name),
        spooled: this.spooled,
        wait_until: waitUntil,
        tries_left: this.#tried ? Math.max(0, MOST_TRIES - this.#tried.failures) : null,
        device_slot: false,
        recovery_slot: true,
      }
    }
    if (this.#state === 'screen_locked') {
      return {
        state: 'screen_locked',
        since: this.#since,
        why: this.#why,
        user: this.#user?.user_name ?? null,
        wait_until: waitUntil,
        watch: this.watchDisplay ? watch : [],
      }
    }
    if (this.#glassUntil !== null && this.#glassUntil <= now) this.endBreakGlass(now)
    const left = Math.ceil((this.idleAfter - idle) / SECOND)
    const user = this.#user
    return {
      state: 'open',
      user: user && {
        id: user.id,
        user_name: user.user_name,
        display_name: user.display_name,
        roles: user.roles,
        may: this.#may(),
        has_pin: user.has_pin,
      },
      enrolment_needed: this.enrolmentNeeded,
      locks_in_s: user && left <= 60 ? left : null,
      break_glass_until: this.#glassUntil,
      notices: this.notices,
    }
  }

  #may(): Permission[] {
    return [...new Set((this.#user?.roles ?? []).flatMap((role) => MAY[role]))]
  }

  #known(user: string, now: number): Enrolled {
    const person = this.people.find(({ user_name, disabled }) => user_name === user && disabled === null)
    this.#tried = person ?? null
    if (!person) throw new Refusal('SECRET-WRONG', 'secret_wrong')
    if (person.failures >= MOST_TRIES) throw new Refusal('SLOT-DISABLED', 'slot_disabled')
    if (person.waitUntil > now) throw new Refusal('SECRET-WAIT', 'secret_wait')
    return person
  }

  #wrong(person: Enrolled, now: number): never {
    person.failures += 1
    if (person.failures >= FREE_TRIES) {
      person.waitUntil = now + Math.min(HOUR, 30 * SECOND * 2 ** (person.failures - FREE_TRIES))
    }
    this.#write(now, 'signed_in', { outcome: 'refused', user: null, clinician: person.display_name })
    if (person.failures >= MOST_TRIES) throw new Refusal('SLOT-DISABLED', 'slot_disabled')
    throw new Refusal('SECRET-WRONG', 'secret_wrong')
  }

  #enter(person: Enrolled, now: number, action: string): void {
    Object.assign(person, { failures: 0, waitUntil: 0 })
    this.#user = person
    this.#state = 'open'
    this.#touched = now
    this.#tried = null
    if (this.spooled) this.notices = [...this.notices, { kind: 'spool_filed', batches: this.spooled }]
    this.spooled = 0
    this.#write(now, action)
  }

  #leave(state: 'closed' | 'screen_locked', why: LockReason, now: number): void {
    this.#state = state
    this.#why = why
    this.#since = now
    this.#glassUntil = null
  }

  #enrol(form: NewClinician, now: number): Enrolled {
    if (this.people.some(({ user_name }) => user_name === form.user_name)) throw new Refusal('USER-NAME-TAKEN', 'user_name_taken')
    const person: Enrolled = {
      id: `c-${form.user_name}`,
      user_name: form.user_name,
      display_name: form.display_name,
      roles: form.roles,
      disabled: null,
      has_pin: form.pin !== null,
      enrolled: now,
      passphrase: form.passphrase,
      pin: form.pin,
      failures: 0,
      waitUntil: 0,
    }
    this.people = [...this.people, person]
    return person
  }

  #byId(id: string): Enrolled {
    const person = this.people.find((each) => each.id === id)
    if (!person) throw new Refusal('CLINICIAN-UNKNOWN', 'no_such_clinician')
    return person
  }

  #keepAdministrator(person: Enrolled): void {
    const others = this.people.filter((each) => each !== person && each.disabled === null && each.roles.includes('administrator'))
    if (person.roles.includes('administrator') && !others.length) throw new Refusal('LAST-ADMINISTRATOR', 'last_administrator')
  }

  #write(at: number, action: string, more: Partial<AuditLineView> = {}): void {
    this.#generation += 1
    this.#log.push({
      seq: 12_805 + this.#log.length,
      at,
      action,
      user: this.#user?.display_name ?? null,
      patient: null,
      device: null,
      clinician: null,
      count: null,
      purpose: this.#glassUntil === null ? 'treatment' : 'break_glass',
      outcome: 'success',
      reason: null,
      ...more,
    })
  }
}

const VAULT = '6f1c2d84-3a55-4b0e-9c71-0d8e2f4b7a19'

const policy = (name: string, value: string, managed = false): PolicyLine => ({ name, value, managed })
const POLICY = [
  policy('lock.screen_idle_s', '300', true),
  policy('lock.warning_s', '60'),
  policy('lock.vault_idle_s', '1800', true),
  policy('lock.absolute_s', '43200'),
  policy('watch_display', 'off'),
  policy('break_glass', 'on', true),
  policy('break_glass_hours', '4'),
  policy('export', 'off', true),
  policy('backup.every_minutes', '15'),
  policy('backup.folder', '/srv/bedside-backups', true),
  policy('recovery_public_key', 'none'),
]
