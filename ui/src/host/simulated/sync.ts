// Sync of the simulated bedside: records on their way to an invented server, and every state that sync can be in.
// `?sync=` chooses one: empty, done, put_away, offline, sending, refused, held, conflict, sign_in, browser, permission, skew, findings, metered, questions.
import type { AtClinic, ConflictView, IdentityQuestionView, OpenRecordView, PatientView, ReceiptView, RecordState, ServerFinding, SyncView } from '../bindings.ts'
import { ageText } from './age.ts'
import { people } from './people.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Who came with the list. */
const PEOPLE = new Set(people().map(({ id }) => id))

/** A record and whom it is about. */
interface Kept extends OpenRecordView {
  patient: string | null
  octets: number
  /** Put away by a person. */
  discarded?: ReceiptView['discarded']
}

export class SimulatedSync {
  records: Kept[]
  accepted = 1846
  lastAccepted: number | null
  lastAttempt: number | null
  fault: { code: string; text: string } | null = null
  progress: SyncView['progress'] = null
  metered: SyncView['metered'] = 'off'
  waitsForSignIn = 0
  clockSkew: string | null = null
  findings: ServerFinding[] = []
  signIn: SyncView['sign_in'] = { state: 'not_needed' }
  listTaken: number | null
  questions: IdentityQuestionView[] = []
  #scene: string

  constructor(now: number, scene = '') {
    this.#scene = scene
    this.lastAccepted = now - 4 * MINUTE
    this.lastAttempt = this.lastAccepted
    this.listTaken = now - 3 * HOUR
    this.records = [...openRecords(now), acceptedRecord(now)]
    SCENES[scene]?.(this, now)
  }

  /** What the snapshot says of sync. */
  view(now: number): SyncView {
    const open = this.records.filter(({ state }) => state !== 'discarded' && state !== 'accepted')
    const count = (state: RecordState) => this.records.filter((record) => record.state === state).length
    const list = this.listTaken
    return {
      configured: this.#scene !== 'no_server',
      waiting: count('waiting'),
      sending: count('sending'),
      accepted: this.accepted,
      refused: count('refused'),
      held: count('held'),
      discarded: count('discarded'),
      oldest_open: open.length ? ageText(now - Math.min(...open.map((record) => record.created))) : null,
      last_accepted: this.lastAccepted,
      last_attempt: this.lastAttempt,
      last_success: this.lastAccepted,
      next_attempt: this.progress || this.lastAttempt === null ? null : this.lastAttempt + 5 * MINUTE,
      fault_code: this.fault?.code ?? null,
      fault_text: this.fault?.text ?? null,
      progress: this.progress,
      metered: this.metered,
      waits_for_sign_in: this.waitsForSignIn,
      clock_known: this.lastAccepted !== null,
      clock_skew: this.clockSkew,
      findings: this.findings,
      sign_in: this.signIn,
      list: { taken: list, age: list === null ? null : ageText(now - list), under_way: false, fault_code: null, listed: 4, questions: this.questions.length, skipped: [] },
    }
  }

  /** What is not accepted, those that need a person first; or what was put away. */
  open(discarded: boolean): OpenRecordView[] {
    const order: RecordState[] = discarded ? ['discarded'] : ['refused', 'held', 'sending', 'waiting']
    const open = this.records.filter(({ state }) => order.includes(state))
    return open.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state)).map(seen)
  }

  /** Where a patient stands at the server. */
  standing(patient: string, now: number): AtClinic {
    if (this.questions.some(({ ours }) => ours.id === patient)) return { stands: 'question' }
    if (this.listTaken === null) return { stands: 'made_here' }
    if (patient === 'p-mina' && this.#scene === 'questions') return { stands: 'left', since: now - 26 * HOUR }
    return PEOPLE.has(patient) ? { stands: 'listed' } : { stands: 'made_here' }
  }

  tryNow(now: number): void {
    const sent = this.records.filter(({ state }) => state === 'waiting' || state === 'sending')
    this.records = this.records.filter((record) => !sent.includes(record))
    this.accepted += sent.length
    this.lastAttempt = this.lastAccepted = now
    this.fault = this.progress = null
  }

  retry(id: string, now: number): void {
    const record = this.records.find((each) => each.id === id)
    if (record) Object.assign(record, { state: 'waiting', next_attempt: now, conflict: false })
  }

  /** Whether there was such a record. */
  discard(id: string, reason: string, withDependants: boolean, by: string | null, now: number): boolean {
    const record = this.records.find((each) => each.id === id)
    if (!record) return false
    const putAway = { state: 'discarded' as const, discarded: { reason, by, at: now } }
    Object.assign(record, putAway)
    for (const held of this.records.filter(({ state }) => state === 'held')) {
      if (withDependants) Object.assign(held, putAway)
      else held.state = 'waiting'
    }
    return true
  }

  /** Theirs stays, or ours goes over it. */
  decide(id: string, ours: boolean, now: number): void {
    if (ours) return this.retry(id, now)
    this.records = this.records.filter((record) => record.id !== id)
  }

  conflict(id: string, now: number): ConflictView | undefined {
    if (!this.records.some((record) => record.id === id && record.conflict)) return undefined
    const line = (what: string, ours: string | null, theirs: string | null, part: string | null = null) => ({ what, part, ours, theirs })
    return {
      record: id,
      theirs: [
        {
          id: 'a3b9c2d4-0c53-5f6e-9a41-7d25f1c0b9e8',
          version: '3',
          modified: now - 2 * HOUR,
          lines: [
            line('status', 'final', 'amended'),
            line('component[0].valueQuantity.value', '128 mmHg', '126 mmHg', 'Systolic blood pressure'),
            line('component[1].valueQuantity.value', '74 mmHg', '72 mmHg', 'Diastolic blood pressure'),
            line('note[0].text', null, 'read again at the ward round'),
          ],
        },
      ],
    }
  }

  receipt(id: string, people: PatientView[]): ReceiptView | undefined {
    const record = this.records.find((each) => each.id === id)
    if (!record) return undefined
    const measured = record.created - 20 * SECOND
    const median = record.record === 'Heart rate' || record.record === 'Oxygen saturation'
    const reading = {
      kind: 'reading' as const,
      device: record.record === 'Body temperature' ? 'Thermometer T2' : 'Arm cuff C3',
      model: 'Example Medical HEM-42',
      serial: 'SN-20417',
      sequence: 212,
      identity: 'sequence 212 2026-03-18T13:36:00',
      measured,
      time: 'device_clock_corrected' as const,
      received: record.created - 2 * SECOND,
      frame: { characteristic: '2A35', index: 4, received: record.created - 2 * SECOND, octets: '1e 80 00 4a 00 5c 00 ea 07 03 12 0d 24 00 48 00 01 00 00' },
    }
    return {
      record: seen(record),
      patient: people.find((person) => person.id === record.patient) ?? null,
      source: median ? { kind: 'minute', device: 'Oximeter X1', minute: measured - (measured % MINUTE), samples: 58 } : reading,
      resource: 'Observation/a3b9c2d4-0c53-5f6e-9a41-7d25f1c0b9e8',
      octets: record.octets,
      measured_by: median ? null : 'A. Okoro-Test',
      server: record.state === 'accepted' ? { id: 'a3b9c2d4-0c53-5f6e-9a41-7d25f1c0b9e8', version: '1', modified: record.answered } : null,
      discarded: record.discarded ?? null,
    }
  }
}

/** A record as the window is told of it. */
function seen({ patient: _patient, octets: _octets, discarded: _discarded, ...record }: Kept): OpenRecordView {
  return record
}

type Scene = (sync: SimulatedSync, now: number) => void

const only = (sync: SimulatedSync, ...states: RecordState[]): void => {
  sync.records = sync.records.filter(({ state }) => state === 'accepted' || states.includes(state))
}
const failing = (sync: SimulatedSync, code: string, text: string): void => {
  sync.fault = { code, text }
}

const SCENES: Record<string, Scene> = {
  empty: (sync) => {
    only(sync)
    sync.accepted = 0
    sync.lastAccepted = sync.lastAttempt = sync.listTaken = null
  },
  no_server: (sync) => {
    only(sync, 'waiting')
    sync.accepted = 0
    sync.lastAccepted = sync.lastAttempt = sync.listTaken = null
  },
  done: (sync) => only(sync),
  put_away: (sync, now) => {
    only(sync, 'refused')
    sync.discard('r-refused', 'measured twice', true, 'A. Okoro-Test', now - 20 * MINUTE)
  },
  offline: (sync, now) => {
    only(sync, 'waiting')
    sync.records.push(...many(now, 40))
    sync.lastAccepted = now - 31 * HOUR
    sync.lastAttempt = now - 4 * MINUTE
    sync.listTaken = now - 31 * HOUR
    failing(sync, 'SERVER-UNREACHABLE', 'the clinic’s server cannot be reached: no route to host')
  },
  sending: (sync, now) => {
    only(sync, 'waiting')
    sync.records.push(...many(now, 60))
    for (const record of sync.records.slice(0, 50)) Object.assign(record, { state: 'sending', attempts: 1 })
    sync.progress = { rows_done: 3120, rows_left: 1880, octets_done: 5_410_000, octets_left: 3_260_000 }
  },
  refused: (sync) => only(sync, 'refused', 'waiting'),
  held: (sync) => only(sync, 'refused', 'held'),
  conflict: (sync, now) => {
    only(sync, 'waiting')
    const answer = { answer_status: 412, answer: 'the server holds version 3', answered: now - 9 * MINUTE }
    sync.records.push({ ...record('r-conflict', 'refused', 'Blood pressure', now - 41 * MINUTE), ...answer, version: 'amended', conflict: true, attempts: 1 })
  },
  sign_in: (sync) => {
    only(sync, 'waiting')
    sync.signIn = { state: 'needed' }
    sync.waitsForSignIn = 6
    failing(sync, 'SERVER-SIGN-IN', 'HTTP 401')
  },
  browser: (sync, now) => {
    SCENES['sign_in']?.(sync, now)
    sync.signIn = { state: 'waiting_for_browser' }
  },
  permission: (sync, now) => {
    only(sync, 'waiting')
    sync.signIn = { state: 'signed_in', name: 'A. Okoro-Test', until: now + 7 * HOUR }
    failing(sync, 'SERVER-PERMISSION', 'forbidden: scope … missing for Observation')
  },
  skew: (sync) => {
    only(sync)
    sync.clockSkew = '-14 min'
  },
  findings: (sync, now) => {
    only(sync)
    sync.signIn = { state: 'signed_in', name: null, until: now + 40 * MINUTE }
    sync.findings = [
      { finding: 'largest_bundle', entries: 50 },
      { finding: 'refuses_client_ids' },
      { finding: 'no_search' },
    ]
  },
  unfit: (sync) => {
    only(sync, 'waiting')
    sync.findings = [{ finding: 'other_fhir_version', version: '5.0.0' }]
    failing(sync, 'SERVER-UNFIT', 'the server speaks FHIR 5.0.0; expected 4.0.1')
  },
  questions: (sync) => {
    only(sync)
    const ours = people().find(({ id }) => id === 'p-ivo')
    if (!ours) return
    const { family, given, sex, record_number } = ours
    const theirs = { family, given, sex, record_number, birth_date: '1963-11-30' }
    sync.questions = [{ id: 'srv-301', ours, theirs, why: ['birth_date'], is_linked: false, choices: ['take_theirs', 'keep_ours', 'different'], shown: '1' }]
  },
  metered: (sync) => {
    only(sync, 'waiting')
    sync.metered = 'on'
  },
}

function record(id: string, state: RecordState, name: string, created: number): Kept {
  return {
    id,
    state,
    record: name,
    version: 'first',
    conflict: false,
    created,
    attempts: 0,
    next_attempt: null,
    answer_status: null,
    answer: null,
    answered: null,
    patient: 'p-rosa',
    octets: 1_740,
  }
}

function openRecords(now: number): Kept[] {
  const waiting = ['Blood pressure', 'Heart rate', 'Oxygen saturation', 'Heart rate', 'Oxygen saturation', 'Body temperature']
  const answer = { answer_status: 422, answer: 'business-rule at Observation.encounter: the visit is closed', answered: now - 28 * MINUTE }
  return [
    { ...record('r-refused', 'refused', 'Body temperature', now - 29 * MINUTE), ...answer, attempts: 1 },
    record('r-held', 'held', 'Blood pressure', now - 22 * MINUTE),
    ...waiting.map((name, index) => ({
      ...record(`r-${index}`, 'waiting', name, now - (4 * MINUTE - index * 31 * SECOND)),
      attempts: index < 2 ? 2 : 0,
      next_attempt: now + 2 * MINUTE,
    })),
  ]
}

/** The last one that the server took: the readings of a chart show the way of theirs. */
const acceptedRecord = (now: number): Kept => ({
  ...record('r-accepted', 'accepted', 'Blood pressure', now - 5 * MINUTE),
  attempts: 1,
  answer_status: 201,
  answer: '',
  answered: now - 4 * MINUTE,
})

const many = (now: number, count: number): Kept[] =>
  Array.from({ length: count }, (_, index) => ({
    ...record(`m-${index}`, 'waiting', index % 2 ? 'Heart rate' : 'Oxygen saturation', now - 30 * HOUR + index * MINUTE),
    attempts: 3,
    next_attempt: now + MINUTE,
  }))
