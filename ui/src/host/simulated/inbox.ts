// The unassigned readings of the simulated bedside: a meter's memory from before its binding, and a scale's second user.
// It plays the core's part: whose a reading may become is decided here and nowhere else in the window.
import type { InboxGroupView, InboxReadingView, PatientView } from '../bindings.ts'
import { ageText } from './age.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

type Kept = Omit<InboxReadingView, 'reading' | 'may_be_charted' | 'measured_for'> & {
  at: number
  text: string
  unit: string
  measured_for: string | null
}
type Group = Omit<InboxGroupView, 'readings'> & { readings: Kept[] }

export class SimulatedInbox {
  #groups: Group[]

  constructor(now: number) {
    this.#groups = [meter(now), scale(now)]
  }

  get count(): number {
    return this.#groups.reduce((sum, { readings }) => sum + readings.length, 0)
  }

  /** What is unassigned, as it is for a patient. */
  view(patient: string | null, people: PatientView[], now: number): InboxGroupView[] {
    return this.#groups.map((group) => ({
      ...group,
      readings: group.readings.map((kept) => readingView(kept, group.name, patient, people, now)),
    }))
  }

  /** Gives readings away; `null` when one of them is not this patient's to have. */
  assign(ids: string[], patient: string): number | null {
    const wanted = this.#groups.flatMap(({ readings }) => readings).filter(({ id }) => ids.includes(id))
    if (!wanted.every((kept) => permits(kept, patient))) return null
    this.#groups = this.#groups
      .map((group) => ({ ...group, readings: group.readings.filter(({ id }) => !ids.includes(id)) }))
      .filter(({ readings }) => readings.length > 0)
    return wanted.length
  }
}

function permits({ why, measured_for }: Kept, patient: string | null): boolean {
  if (patient === null || why === 'not_of_a_person') return false
  return why !== 'measured_for' || measured_for === patient
}

function readingView(
  { at, text, unit, measured_for, ...kept }: Kept,
  source: string,
  patient: string | null,
  people: PatientView[],
  now: number,
): InboxReadingView {
  const age = now - at
  const last = {
    text,
    special: null,
    mean: null,
    unit,
    age: ageText(age),
    at,
    time_unknown: kept.time === 'unknown',
    source,
    quality: ['from_storage' as const],
  }
  const freshness = age <= 15 * MINUTE ? 'recent' : age <= HOUR ? 'stale' : 'lost'
  return {
    ...kept,
    reading: { freshness, last },
    measured_for: people.find(({ id }) => id === measured_for) ?? null,
    may_be_charted: permits({ at, text, unit, measured_for, ...kept }, patient),
  }
}

/** Nine of nobody, the newest two with their time unknown and unverified, and one of Ruth's earlier binding. */
function meter(now: number): Group {
  const amounts = [104, 131, 98, 142, 117, 109, 126, 95, 138, 121]
  const readings = amounts.map((amount, index): Kept => ({
    id: `u-g${index}`,
    parameter: 'blood_glucose',
    at: now - (9 + index * 11) * HOUR,
    text: String(amount),
    unit: 'mg/dL',
    time: index === 0 ? 'unknown' : index === 1 ? 'device_clock_unverified' : 'device_clock_corrected',
    why: index === 9 ? 'measured_for' : index === 0 ? 'time_unknown' : 'not_bound',
    measured_for: index === 9 ? 'p-ruth' : null,
  }))
  return { device: 'd-g1', name: 'Glucose meter G1', kind: 'glucose_meter', user_slot: null, readings }
}

function scale(now: number): Group {
  const readings = ['71.2', '71.6'].map((text, index): Kept => ({
    id: `u-w${index}`,
    parameter: 'body_weight',
    at: now - (33 + index * 1440) * MINUTE,
    text,
    unit: 'kg',
    time: 'device_clock_corrected',
    why: 'user_slot',
    measured_for: null,
  }))
  return { device: 'd-w1', name: 'Scale W1', kind: 'weight_scale', user_slot: 2, readings }
}
