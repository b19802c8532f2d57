// The orders of the invented patient, as a clinic's server would have them.
import type { OrderLineView } from '../bindings.ts'

const HOUR = 3_600_000

/** Services before medications, the latest first. */
export const orders = (now: number): OrderLineView[] => [
  { kind: 'service', status: 'active', what: 'Blood pressure, sitting', dose: null, schedule: 'twice a day', authored: now - 20 * HOUR, prohibition: false },
  { kind: 'service', status: 'active', what: 'Blood pressure on the left arm', dose: null, schedule: null, authored: now - 44 * HOUR, prohibition: true },
  { kind: 'medication', status: 'active', what: 'Ramipril 5 mg tablet', dose: '1 tablet', schedule: 'in the morning', authored: now - 70 * HOUR, prohibition: false },
  { kind: 'medication', status: 'on-hold', what: 'Metformin 850 mg tablet', dose: '1 tablet', schedule: 'with breakfast and dinner', authored: now - 90 * HOUR, prohibition: false },
]
