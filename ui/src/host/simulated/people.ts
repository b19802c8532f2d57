// The invented patients of the simulated bedside and what is on each of them.
import type { DeviceKind, PatientView } from '../bindings.ts'

const MINUTE = 60_000

/** A device of the simulated bedside. */
export interface SimulatedDevice {
  id: string
  name: string
  kind: DeviceKind
  battery: number | null
  signal: number
  /** Bound to this patient at the start. */
  patient?: string
  /** The age of its last spot value at the start, in milliseconds. */
  measured?: number
  /** A user slot that nobody has confirmed. */
  slotAsked?: number | null
  /** It has not given anything yet. */
  never?: boolean
}

const person = (
  id: string,
  family: string,
  given: string,
  birth_date: string,
  age_years: number,
  sex: PatientView['sex'],
  record_number: string,
  bed: string,
): PatientView => ({ id, family, given, birth_date, age_years, sex, record_number, bed })

export const people = (): PatientView[] => [
  person('p-ruth', 'Adeyemi-Test', 'Ruth', '1948-07-02', 78, 'female', 'TST 4410 0233', '12A'),
  person('p-rosa', 'Adeyemi-Test', 'Rosa', '1951-03-14', 75, 'female', 'TST 4410 0187', '12B'),
  person('p-ivo', 'Broadleaf-Test', 'Ivo', '1962-11-30', 63, 'male', 'TST 4410 0301', '13A'),
  person('p-mina', 'Candlewick-Test', 'Mina', '1990-02-19', 36, 'female', 'TST 4410 0318', '13B'),
]

export const devices = (): SimulatedDevice[] => [
  { id: 'd-e1', name: 'ECG sensor E1', kind: 'ecg_sensor', battery: 82, signal: -58, patient: 'p-rosa' },
  { id: 'd-p1', name: 'Oximeter P1', kind: 'pulse_oximeter', battery: 64, signal: -71, patient: 'p-rosa' },
  { id: 'd-c3', name: 'Arm cuff C3', kind: 'blood_pressure_cuff', battery: null, signal: -80, patient: 'p-rosa', measured: 4 * MINUTE },
  { id: 'd-t2', name: 'Thermometer T2', kind: 'thermometer', battery: 18, signal: -88, patient: 'p-rosa', measured: 41 * MINUTE },
  { id: 'd-g1', name: 'Glucose meter G1', kind: 'glucose_meter', battery: 71, signal: -61, patient: 'p-ruth', measured: 12 * MINUTE },
  { id: 'd-w1', name: 'Scale W1', kind: 'weight_scale', battery: 66, signal: -70, patient: 'p-ruth', measured: 33 * MINUTE },
  { id: 'd-s1', name: 'Chest strap S1', kind: 'heart_rate_strap', battery: 91, signal: -63, patient: 'p-ruth' },
  { id: 'd-p2', name: 'Oximeter P2', kind: 'pulse_oximeter', battery: 40, signal: -77, patient: 'p-ruth', never: true },
  { id: 'd-t1', name: 'Thermometer T1', kind: 'thermometer', battery: 73, signal: -69, patient: 'p-ruth', measured: 95 * MINUTE },
  { id: 'd-s2', name: 'Chest strap S2', kind: 'heart_rate_strap', battery: 55, signal: -66, patient: 'p-ivo' },
  { id: 'd-c5', name: 'Arm cuff C5', kind: 'blood_pressure_cuff', battery: 88, signal: -52 },
  { id: 'd-p3', name: 'Oximeter P3', kind: 'pulse_oximeter', battery: 97, signal: -74 },
]

/** What is on the air besides: no profile Bedside reads. */
export const strangers = [{ name: 'LE-Speaker 20', signal: -84 }]
