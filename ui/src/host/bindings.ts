// The types that cross between Rust and the window. Written by the shell's tests from src-tauri/src/view: do not edit.
// BLESS=1 cargo test -p bedside writes it anew.

export type DeviceKind = "heart_rate_strap" | "ecg_sensor" | "pulse_oximeter" | "blood_pressure_cuff" | "thermometer" | "glucose_meter" | "glucose_sensor" | "weight_scale" | "health_sensor" | "unknown";

export type LinkState = "waiting" | "connecting" | "preparing" | "linked" | "lost" | "ended";

export type Parameter = "heart_rate" | "oximeter_pulse_rate" | "cuff_pulse_rate" | "oxygen_saturation" | "pulse_amplitude_index" | "blood_pressure" | "body_temperature" | "beat_interval" | "electrocardiogram" | "respiration_rate" | "perfusion_index" | "plethysmogram" | "blood_glucose" | "interstitial_glucose" | "body_weight" | "body_height" | "body_mass_index" | "body_fat" | "fat_free_mass" | "soft_lean_mass" | "body_water_mass" | "muscle_mass" | "muscle_share" | "body_impedance" | "basal_metabolism";

export type Advisory = "no_data" | "low" | "high";

export type StripKind = "electrocardiogram" | "beat_intervals" | "plethysmogram" | "trend";

export type Mode = "demo" | "clinic";

export type AdapterState = "on" | "off" | "missing" | "unplugged" | "not_permitted";

export type RecordState = "waiting" | "sending" | "accepted" | "refused" | "held" | "discarded";

export type BondState = "bonded" | "not_bonded" | "not_told";

export type BondSource = "blue_z" | "windows" | "core_bluetooth" | "simulated_ward";

export type Bond = { 
/**
 * Whether it does.
 */
state: BondState, 
/**
 * Who says so.
 */
source: BondSource, };

export type PairingQuestion = "may_bond" | "enter_passkey" | "show_passkey" | "compare_numbers";

export type PairingAsked = { 
/**
 * To be named in the answer.
 */
prompt: number, 
/**
 * How the device is addressed.
 */
peripheral: string, 
/**
 * Its name.
 */
name: string | null, 
/**
 * What it is.
 */
kind: DeviceKind, 
/**
 * The last digits of its address, to tell it from another of its kind.
 */
short_address: string, 
/**
 * Of the patient it is bound or being bound to, where the patient has one.
 */
bed: string | null, 
/**
 * What is asked.
 */
question: PairingQuestion, 
/**
 * Six digits, to be shown or compared.
 */
digits: string | null, 
/**
 * When no answer means no, in milliseconds since 1970.
 */
until: number, };

export type PairingAnswer = { "answer": "accept" } | { "answer": "passkey", 
/**
 * As typed.
 */
digits: string, } | { "answer": "reject" };

export type AdapterLine = { 
/**
 * As the system names it.
 */
name: string, 
/**
 * As it is now.
 */
state: AdapterState, 
/**
 * Devices are heard through this one.
 */
in_use: boolean, };

export type RadioState = { 
/**
 * Every adapter, in the order of names.
 */
adapters: Array<AdapterLine>, 
/**
 * Failures of the Bluetooth library's own tasks in this run.
 */
library_failures: number, };

export type Freshness = "live" | "recent" | "stale" | "lost" | "never";

export type SpecialState = "not_a_number" | "not_at_this_resolution" | "above_range" | "below_range" | "reserved";

export type QualityMark = "no_contact" | "body_movement" | "cuff_too_loose" | "irregular_pulse" | "improper_position" | "poor_signal" | "questionable" | "invalid" | "demonstration" | "testing" | "clock_not_set" | "early_estimate" | "pulse_out_of_range" | "implausible" | "from_storage" | "control_solution" | "user_unknown" | "corrected";

export type ShownValue = { 
/**
 * The rounded number or numbers, for example `94` or `128/74`; `---` in place of each number that is special.
 */
text: string, 
/**
 * Why there is no number, when there is none.
 */
special: SpecialState | null, 
/**
 * The mean pressure, rounded.
 */
mean: string | null, 
/**
 * The unit's symbol.
 */
unit: string, 
/**
 * Age at the time of the snapshot, with its unit.
 */
age: string, 
/**
 * When it was measured, in milliseconds since 1970.
 */
at: number, 
/**
 * The time of measurement is not known: the time of receipt stands in.
 */
time_unknown: boolean, 
/**
 * The device's name.
 */
source: string, 
/**
 * Quality marks a person should see.
 */
quality: Array<QualityMark>, };

export type Reading = { 
/**
 * The state, decided by the core at the time of the snapshot.
 */
freshness: Freshness, 
/**
 * The last value.
 */
last: ShownValue | null, };

export type Sex = "female" | "male" | "other" | "unknown";

export type PatientView = { 
/**
 * Id in this vault.
 */
id: string, 
/**
 * Family name.
 */
family: string, 
/**
 * Given names.
 */
given: string, 
/**
 * `YYYY-MM-DD`.
 */
birth_date: string, 
/**
 * Completed years.
 */
age_years: number | null, 
/**
 * FHIR code.
 */
sex: Sex, 
/**
 * First identifier.
 */
record_number: string, 
/**
 * Bed.
 */
bed: string | null, };

export type AtClinic = { "stands": "made_here" } | { "stands": "listed" } | { "stands": "left", 
/**
 * Since when, in milliseconds since 1970.
 */
since: number, } | { "stands": "known" } | { "stands": "inactive" } | { "stands": "replaced", 
/**
 * By whom, where that patient is in the record.
 */
patient: string | null, } | { "stands": "question" };

export type PatientLineView = { 
/**
 * Who.
 */
patient: PatientView, 
/**
 * Another patient has the same family name.
 */
name_alert: boolean, 
/**
 * When the last value was measured, in milliseconds since 1970.
 */
last_value: number | null, 
/**
 * Its age when the list was read, with its unit.
 */
last_value_age: string | null, 
/**
 * Records the server has not accepted.
 */
unsent: number, 
/**
 * Where the patient stands at the clinic's server.
 */
at_clinic: AtClinic, };

export type EnrolledView = { 
/**
 * Id in this vault.
 */
device: string, 
/**
 * Its name.
 */
name: string, 
/**
 * What it is.
 */
kind: DeviceKind, 
/**
 * Maker and model as reported.
 */
model: string | null, 
/**
 * Serial number as reported.
 */
serial: string | null, 
/**
 * Who it is bound to.
 */
patient: PatientView | null, 
/**
 * Since when, in milliseconds since 1970.
 */
bound_since: number | null, };

export type TimeMethod = "receipt" | "device_clock_corrected" | "device_clock_unverified" | "tick_counter" | "unknown";

export type WhyUnassigned = "not_bound" | "user_slot" | "user_unknown" | "time_unknown" | "measured_for" | "not_of_a_person";

export type InboxReadingView = { 
/**
 * Id in this vault.
 */
id: string, 
/**
 * What was measured.
 */
parameter: Parameter, 
/**
 * Value, unit, time, source and quality with the freshness at the time of the list.
 */
reading: Reading, 
/**
 * How the time of measurement is known.
 */
time: TimeMethod, 
/**
 * Why it is in no chart.
 */
why: WhyUnassigned, 
/**
 * The patient to whom the device was bound when it was measured, where that is why.
 */
measured_for: PatientView | null, 
/**
 * Whether it may become the chart's for whom the list was asked; `false` when it was asked for nobody.
 */
may_be_charted: boolean, };

export type InboxGroupView = { 
/**
 * Device id in this vault.
 */
device: string, 
/**
 * Its name.
 */
name: string, 
/**
 * What it is.
 */
kind: DeviceKind, 
/**
 * The user slot its readings name, if they name one.
 */
user_slot: number | null, 
/**
 * Newest first; never empty.
 */
readings: Array<InboxReadingView>, };

export type Standing = "measured" | "corrected" | "rejected" | "confirmed";

export type VersionView = { 
/**
 * What it says.
 */
said: Standing, 
/**
 * The value with every digit; `null` of a rejection and a confirmation.
 */
reading: Reading | null, 
/**
 * When it was said, in milliseconds since 1970; of the first one, when it arrived.
 */
at: number, 
/**
 * Who said it; `null` = the device, or the demonstration, where nobody is signed in.
 */
author: string | null, 
/**
 * Why, in their words; `null` of a confirmation.
 */
reason: string | null, };

export type WhyLocal = "implausible" | "time_unknown" | "no_code" | "no_record";

export type Filed = { "state": "record", 
/**
 * Where it stands.
 */
record: RecordState, 
/**
 * The server's last answer, for IT.
 */
answer: string | null, } | { "state": "withdrawn" } | { "state": "local", 
/**
 * Why.
 */
why: WhyLocal, };

export type ChartedReadingView = { 
/**
 * Id in this vault.
 */
id: string, 
/**
 * What was measured.
 */
parameter: Parameter, 
/**
 * The value in force; of a rejected reading the one that was in force before.
 */
reading: Reading, 
/**
 * How the time of measurement is known.
 */
time: TimeMethod, 
/**
 * When it arrived, in milliseconds since 1970.
 */
received: number, 
/**
 * What the device is.
 */
device_kind: DeviceKind, 
/**
 * As measured, corrected, rejected or confirmed.
 */
standing: Standing, 
/**
 * What the device measured, then every later word, oldest first.
 */
versions: Array<VersionView>, 
/**
 * It waits for a person to confirm it, correct it or reject it.
 */
waits_for_review: boolean, 
/**
 * How far it is on its way to the server.
 */
filed: Filed, 
/**
 * Its record on the way to the server.
 */
record: string | null, 
/**
 * Whether a correction has three pressures in place of one number.
 */
pressures: boolean, 
/**
 * The unit that a correction is in, as UCUM writes it.
 */
unit_code: string, 
/**
 * The frame that it was decoded from: connection, characteristic and place; `null` when it has none.
 */
frame: string | null, };

export type ChartedView = { 
/**
 * Newest first.
 */
readings: Array<ChartedReadingView>, 
/**
 * There are older ones.
 */
more: boolean, };

export type CorrectedValue = { "kind": "single", 
/**
 * For example `37.2`.
 */
number: string, 
/**
 * UCUM.
 */
unit: string, } | { "kind": "pressures", 
/**
 * Systolic.
 */
systolic: string, 
/**
 * Diastolic.
 */
diastolic: string, 
/**
 * Mean; `null` where none is known.
 */
mean: string | null, 
/**
 * UCUM.
 */
unit: string, };

export type TileView = { 
/**
 * Which parameter.
 */
parameter: Parameter, 
/**
 * Its value with its freshness.
 */
reading: Reading, 
/**
 * Upper limit in the reading's unit, with the parameter's places.
 */
upper: string | null, 
/**
 * Lower limit, likewise.
 */
lower: string | null, 
/**
 * The advisory that the value raises.
 */
advisory: Advisory | null, };

export type StripView = { 
/**
 * The id in strip frames.
 */
id: number, 
/**
 * What it shows.
 */
kind: StripKind, };

export type RecordsView = { 
/**
 * Records that are kept.
 */
received: number, 
/**
 * Records that the device counts; `null` when it cannot count.
 */
expected: number | null, 
/**
 * More may come.
 */
under_way: boolean, 
/**
 * None is missing, once nothing is under way.
 */
complete: boolean, };

export type BoundDeviceView = { 
/**
 * Its id.
 */
device: string, 
/**
 * How it is addressed at present.
 */
peripheral: string, 
/**
 * Whether it is paired with this computer, where that is known.
 */
bond: Bond | null, 
/**
 * Its name.
 */
name: string, 
/**
 * What it is.
 */
kind: DeviceKind, 
/**
 * Where the link stands.
 */
link: LinkState, 
/**
 * Since when, in milliseconds since 1970.
 */
link_since: number, 
/**
 * Signal strength in dBm.
 */
signal_dbm: number | null, 
/**
 * Battery in percent.
 */
battery_percent: number | null, 
/**
 * Age of its last value, with its unit.
 */
last_value: string | null, 
/**
 * How far its clock is off, with its unit, when by 2 s or more; `-` before it when it is behind.
 */
clock_offset: string | null, 
/**
 * Values rejected on this connection.
 */
rejected: number, 
/**
 * What went wrong last, as a stable code.
 */
fault: string | null, 
/**
 * Readings name this user slot, and nobody has said that it is the patient's.
 */
user_slot_asked: number | null, 
/**
 * It keeps its values until a user consents.
 */
consent_wanted: boolean, 
/**
 * Its stored records, once they were asked for.
 */
records: RecordsView | null, 
/**
 * What came of setting its clock, as a stable word.
 */
clock_setting: string | null, };

export type BedsideView = { 
/**
 * Who.
 */
patient: PatientView, 
/**
 * Another patient has the same family name.
 */
name_alert: boolean, 
/**
 * Bound devices.
 */
devices: Array<BoundDeviceView>, 
/**
 * Tiles in display order.
 */
tiles: Array<TileView>, 
/**
 * Strips in display order.
 */
strips: Array<StripView>, };

export type BoundCount = { 
/**
 * Who.
 */
patient: string, 
/**
 * How many.
 */
devices: number, };

export type InterruptionView = { 
/**
 * Last life sign, in milliseconds since 1970.
 */
from: number, 
/**
 * When recording could go on.
 */
until: number, 
/**
 * How many devices can be bound again.
 */
devices: number, };

export type RecordingView = { 
/**
 * Devices with a binding that are linked or waited for.
 */
devices: number, 
/**
 * Age of the last durable commit that carried values, with its unit.
 */
last_saved: string | null, 
/**
 * Since when commits stall or fail, in milliseconds since 1970.
 */
stalled_since: number | null, 
/**
 * Why, as a stable code.
 */
stall_code: string | null, 
/**
 * Changes that the store refuses for their own sake; they are set aside, not lost.
 */
unwritable: number, };

export type NearbyView = { 
/**
 * How to address it.
 */
peripheral: string, 
/**
 * Its name as advertised.
 */
name: string | null, 
/**
 * What its services say it is.
 */
kind: DeviceKind, 
/**
 * Signal strength in dBm.
 */
signal_dbm: number | null, 
/**
 * Enrolled before under this id.
 */
known: string | null, 
/**
 * Linked or waiting now.
 */
link: LinkState | null, 
/**
 * Bound to this patient.
 */
patient: string | null, 
/**
 * Whether it is paired with this computer, where that is known.
 */
bond: Bond | null, 
/**
 * Age of the last advertisement, with its unit.
 */
last_heard: string, };

export type ProgressView = { 
/**
 * Records that the server has answered.
 */
rows_done: number, 
/**
 * Records that are to go.
 */
rows_left: number, 
/**
 * Octets of the records that it has answered.
 */
octets_done: number, 
/**
 * Octets of those that are to go.
 */
octets_left: number, };

export type Metered = "off" | "on" | "by_policy";

export type ServerFinding = { "finding": "capability_unreadable" } | { "finding": "other_fhir_version", version: string, } | { "finding": "no_batch" } | { "finding": "refuses_client_ids" } | { "finding": "no_conditional_create" } | { "finding": "no_search" } | { "finding": "largest_bundle", entries: number, };

export type ClinicSignIn = { "state": "not_needed" } | { "state": "needed" } | { "state": "waiting_for_browser" } | { "state": "signed_in", 
/**
 * As whom; `null` = this computer by itself.
 */
name: string | null, 
/**
 * Until when, in milliseconds since 1970.
 */
until: number | null, } | { "state": "failed", 
/**
 * Why, as a stable code.
 */
code: string, };

export type SkippedView = { 
/**
 * Of which type.
 */
resource: string, 
/**
 * Why, as a stable name.
 */
why: string, 
/**
 * How many.
 */
count: number, };

export type ListView = { 
/**
 * When the last whole list was taken, in milliseconds since 1970.
 */
taken: number | null, 
/**
 * Its age, with its unit.
 */
age: string | null, 
/**
 * It is being read.
 */
under_way: boolean, 
/**
 * Why the last reading of it failed, as a stable code.
 */
fault_code: string | null, 
/**
 * How many patients are on it.
 */
listed: number, 
/**
 * Questions about who is who.
 */
questions: number, 
/**
 * What the last reading left out.
 */
skipped: Array<SkippedView>, };

export type IdentityDifference = "record_number" | "birth_date" | "name" | "second_record" | "sent_already";

export type IdentityChoice = "take_theirs" | "keep_ours" | "different";

export type OrderKind = "service" | "medication";

export type ParticularsView = { 
/**
 * Family name.
 */
family: string, 
/**
 * Given names.
 */
given: string, 
/**
 * `YYYY-MM-DD`.
 */
birth_date: string, 
/**
 * FHIR code.
 */
sex: Sex, 
/**
 * First identifier.
 */
record_number: string, };

export type IdentityQuestionView = { 
/**
 * To be named in the answer.
 */
id: string, 
/**
 * The patient of the record.
 */
ours: PatientView, 
/**
 * Who it is, as the server says.
 */
theirs: ParticularsView, 
/**
 * In what they differ.
 */
why: Array<IdentityDifference>, 
/**
 * They are one already; the server's particulars changed.
 */
is_linked: boolean, 
/**
 * What may be answered.
 */
choices: Array<IdentityChoice>, 
/**
 * Names all of this as it is shown; given back with the answer.
 */
shown: string, };

export type OrderLineView = { 
/**
 * What kind.
 */
kind: OrderKind, 
/**
 * `active` or `on-hold`.
 */
status: string, 
/**
 * What is to be done, or the medication.
 */
what: string, 
/**
 * How much at a time.
 */
dose: string | null, 
/**
 * When.
 */
schedule: string | null, 
/**
 * When it was written, in milliseconds since 1970.
 */
authored: number | null, 
/**
 * It says what is not to be done.
 */
prohibition: boolean, };

export type OrdersView = { 
/**
 * When they were asked for last, in milliseconds since 1970; `null` = they were not yet, or not all of them.
 */
taken: number | null, 
/**
 * Services before medications, the latest first.
 */
lines: Array<OrderLineView>, };

export type ConflictLineView = { 
/**
 * Its path in the resource.
 */
what: string, 
/**
 * What the component it stands in measures, by that component's own code; `null` = it stands in none, or the two sides
 * say different things of it.
 */
part: string | null, 
/**
 * What ours says; `null` = nothing.
 */
ours: string | null, 
/**
 * What the server's says; `null` = nothing.
 */
theirs: string | null, };

export type TheirVersionView = { 
/**
 * Its id there.
 */
id: string, 
/**
 * Its version; without one ours cannot be sent over it.
 */
version: string | null, 
/**
 * When the server stored it, by its own clock, in milliseconds since 1970.
 */
modified: number | null, 
/**
 * Where it differs from ours.
 */
lines: Array<ConflictLineView>, };

export type ConflictView = { 
/**
 * Id of the row.
 */
record: string, 
/**
 * What the server holds; nothing when it has none any more.
 */
theirs: Array<TheirVersionView>, };

export type SyncView = { 
/**
 * A server is configured.
 */
configured: boolean, 
/**
 * Records that wait.
 */
waiting: number, 
/**
 * Records under way.
 */
sending: number, 
/**
 * Records whose acceptance is stored.
 */
accepted: number, 
/**
 * Records that need a person.
 */
refused: number, 
/**
 * Records that wait for a refused one.
 */
held: number, 
/**
 * Records that were put away.
 */
discarded: number, 
/**
 * Age of the oldest record that is not accepted, with its unit.
 */
oldest_open: string | null, 
/**
 * When the server last accepted a record, in milliseconds since 1970.
 */
last_accepted: number | null, 
/**
 * The last try.
 */
last_attempt: number | null, 
/**
 * The last try that the server answered as it should.
 */
last_success: number | null, 
/**
 * The next try.
 */
next_attempt: number | null, 
/**
 * Why the last try failed, as a stable code.
 */
fault_code: string | null, 
/**
 * The same for a person of IT.
 */
fault_text: string | null, 
/**
 * How far the present round is.
 */
progress: ProgressView | null, 
/**
 * Whether only what is small goes out.
 */
metered: Metered, 
/**
 * Records of people who are not signed in at the server.
 */
waits_for_sign_in: number, 
/**
 * The server told its time.
 */
clock_known: boolean, 
/**
 * How far the server's clock is off ours, with its unit and `-` before it when it is behind; `null` up to 2 minutes.
 */
clock_skew: string | null, 
/**
 * What the server cannot do, or does otherwise.
 */
findings: Array<ServerFinding>, 
/**
 * Who is signed in at the server.
 */
sign_in: ClinicSignIn, 
/**
 * The list of patients from the server.
 */
list: ListView, };

export type RowVersion = "first" | "amended" | "entered_in_error";

export type OpenRecordView = { 
/**
 * Id of the row.
 */
id: string, 
/**
 * Where it stands.
 */
state: RecordState, 
/**
 * What kind of record: what an observation measured in words, or its FHIR type.
 */
record: string, 
/**
 * Which version of a reading it is.
 */
version: RowVersion, 
/**
 * The server holds another version: a person decides between the two.
 */
conflict: boolean, 
/**
 * When it was written, in milliseconds since 1970.
 */
created: number, 
/**
 * Tries so far.
 */
attempts: number, 
/**
 * Not before this time.
 */
next_attempt: number | null, 
/**
 * HTTP status of the last answer; 0 when none came.
 */
answer_status: number | null, 
/**
 * The last answer's text.
 */
answer: string | null, 
/**
 * When it came.
 */
answered: number | null, };

export type FrameView = { 
/**
 * The characteristic: four digits where it is an assigned number.
 */
characteristic: string, 
/**
 * Its place among the values of the connection.
 */
index: number, 
/**
 * When it arrived, in milliseconds since 1970.
 */
received: number, 
/**
 * The octets, in hexadecimal, two digits each.
 */
octets: string, };

export type ReceiptSource = { "kind": "reading", 
/**
 * The device's name.
 */
device: string, 
/**
 * Its maker and model.
 */
model: string | null, 
/**
 * Its serial number.
 */
serial: string | null, 
/**
 * The number that the device gave it.
 */
sequence: number | null, 
/**
 * What makes it this reading, as IT reads it.
 */
identity: string, 
/**
 * When it was measured, in milliseconds since 1970.
 */
measured: number, 
/**
 * How that is known.
 */
time: TimeMethod, 
/**
 * When it arrived.
 */
received: number, 
/**
 * The octets that it was decoded from; `null` where they are not kept any more, or never were.
 */
frame: FrameView | null, } | { "kind": "minute", 
/**
 * The device's name.
 */
device: string, 
/**
 * Start of the minute.
 */
minute: number, 
/**
 * Samples.
 */
samples: number, } | { "kind": "device", 
/**
 * Its name; `null` = this console.
 */
device: string | null, } | { "kind": "other" };

export type ServerCopyView = { 
/**
 * Its id there.
 */
id: string, 
/**
 * Its version there.
 */
version: string | null, 
/**
 * When the server stored it, by its own clock.
 */
modified: number | null, };

export type DiscardView = { 
/**
 * In whose words it stands here.
 */
reason: string, 
/**
 * Who; `null` = the console, for what the server does not take.
 */
by: string | null, 
/**
 * When.
 */
at: number, };

export type ReceiptView = { 
/**
 * The record.
 */
record: OpenRecordView, 
/**
 * Whom it is about.
 */
patient: PatientView | null, 
/**
 * What it was made of.
 */
source: ReceiptSource, 
/**
 * FHIR type and id, as it is or will be at the server.
 */
resource: string, 
/**
 * Octets of the resource.
 */
octets: number, 
/**
 * Who measured or said it.
 */
measured_by: string | null, 
/**
 * What the server calls it, once it is accepted.
 */
server: ServerCopyView | null, 
/**
 * Why it was put away.
 */
discarded: DiscardView | null, };

export type Role = "clinician" | "nurse" | "reviewer" | "administrator" | "it_support";

export type Permission = "read_records" | "record" | "review" | "export" | "manage_clinicians" | "read_audit" | "keep_vault";

export type LockReason = "start" | "by_hand" | "idle" | "long_idle" | "absolute_limit" | "system" | "sleep" | "too_many_failures" | "restored";

export type SignedIn = { 
/**
 * Id in this vault.
 */
id: string, 
/**
 * The name they sign in with.
 */
user_name: string, 
/**
 * The name that colleagues know.
 */
display_name: string, 
/**
 * What they are here.
 */
roles: Array<Role>, 
/**
 * What they may do now, break-glass included.
 */
may: Array<Permission>, 
/**
 * Whether a PIN unlocks the screen; without one their passphrase does.
 */
has_pin: boolean, };

export type WatchTile = { 
/**
 * The bed's label.
 */
bed: string, 
/**
 * What is measured.
 */
parameter: Parameter, 
/**
 * The value with its freshness.
 */
reading: Reading, };

export type VaultNotice = { "kind": "older_copy", 
/**
 * Commits that were made after it.
 */
missing_commits: number, } | { "kind": "altered", 
/**
 * What, in a word for IT.
 */
what: string, } | { "kind": "disk_low", 
/**
 * What is free.
 */
free_octets: number, } | { "kind": "backup_overdue", 
/**
 * When the last one was, in milliseconds since 1970.
 */
last: number | null, } | { "kind": "no_recovery_slot" } | { "kind": "spool_filed", 
/**
 * How many batches.
 */
batches: number, } | { "kind": "spool_unproven", 
/**
 * How many records.
 */
records: number, 
/**
 * Those of them of which a part was refused.
 */
refused: number, } | { "kind": "unclean_end" };

export type AccessView = { "state": "closed", 
/**
 * Since when, in milliseconds since 1970; `null` since the start.
 */
since: number | null, 
/**
 * Why.
 */
why: LockReason, 
/**
 * Names that can sign in.
 */
users: Array<string>, 
/**
 * Batches that wait in the spool.
 */
spooled: number, 
/**
 * Nobody may try before this time.
 */
wait_until: number | null, 
/**
 * Tries that are left before a slot is disabled; `null` when none failed.
 */
tries_left: number | null, 
/**
 * The device secret alone opens it: a vault of an earlier version, or the demo vault.
 */
device_slot: boolean, 
/**
 * A recovery key opens it.
 */
recovery_slot: boolean, } | { "state": "screen_locked", 
/**
 * Since when, in milliseconds since 1970.
 */
since: number, 
/**
 * Why.
 */
why: LockReason, 
/**
 * Who is signed in.
 */
user: string | null, 
/**
 * Nobody may try before this time.
 */
wait_until: number | null, 
/**
 * Values by bed, where the policy allows it; no identifier of a person.
 */
watch: Array<WatchTile>, } | { "state": "open", 
/**
 * Who is signed in; `null` in a vault that nobody is enrolled in.
 */
user: SignedIn | null, 
/**
 * A real vault without clinicians: the first one is enrolled before anything else.
 */
enrolment_needed: boolean, 
/**
 * The screen locks in so many seconds; only within the warning.
 */
locks_in_s: number | null, 
/**
 * Until when records are open for an emergency, in milliseconds since 1970.
 */
break_glass_until: number | null, 
/**
 * What a person must know of the vault.
 */
notices: Array<VaultNotice>, };

export type ClinicianView = { 
/**
 * Id in this vault.
 */
id: string, 
/**
 * The name they sign in with.
 */
user_name: string, 
/**
 * The name that colleagues know.
 */
display_name: string, 
/**
 * What they are here.
 */
roles: Array<Role>, 
/**
 * Whether a PIN unlocks the screen.
 */
has_pin: boolean, 
/**
 * When they were enrolled, in milliseconds since 1970.
 */
enrolled: number, 
/**
 * Since when they may not sign in, in milliseconds since 1970.
 */
disabled: number | null, };

export type NewClinician = { 
/**
 * The name they sign in with.
 */
user_name: string, 
/**
 * The name that colleagues know.
 */
display_name: string, 
/**
 * What they are here.
 */
roles: Array<Role>, 
/**
 * What opens the vault for them.
 */
passphrase: string, 
/**
 * What unlocks the screen; `null` = their passphrase.
 */
pin: string | null, };

export type KitView = { 
/**
 * To be printed or copied and locked away; `null` where the policy names IT's key.
 */
kit: string | null, 
/**
 * The vault that it opens.
 */
vault: string, };

export type PolicyLine = { 
/**
 * Its path in the policy file.
 */
name: string, 
/**
 * Its value, as JSON writes it.
 */
value: string, 
/**
 * Whether the policy file sets it; otherwise it is the default.
 */
managed: boolean, };

export type BackupView = { 
/**
 * Its folder, by which it is named for a restore.
 */
folder: string, 
/**
 * When it was made, in milliseconds since 1970.
 */
at: number, 
/**
 * Its age, with its unit.
 */
age: string, 
/**
 * When it was last read through without a fault, in milliseconds since 1970.
 */
verified: number | null, 
/**
 * Commits in it.
 */
generation: number, 
/**
 * Octets.
 */
octets: number, };

export type VaultStateView = { 
/**
 * Its id, for the recovery kit's sheet.
 */
vault: string, 
/**
 * Commits so far.
 */
generation: number, 
/**
 * Octets on disk.
 */
octets: number, 
/**
 * What is free on its disk; `null` where the system does not say.
 */
free_octets: number | null, 
/**
 * Files that wait in the spool: one for each program that wrote while it could not write into the vault.
 */
spooled: number, 
/**
 * Changes that the vault refused for their own sake: they are kept in it as they were.
 */
unwritable: number, 
/**
 * Newest first.
 */
backups: Array<BackupView>, 
/**
 * Whether a recovery key opens it.
 */
recovery_slot: boolean, 
/**
 * The policy in force.
 */
policy: Array<PolicyLine>, };

export type RestoredView = { 
/**
 * The backup that is the vault now.
 */
backup: BackupView, 
/**
 * Where the files that were set aside lie.
 */
set_aside: string, 
/**
 * Readings of the damaged file that were brought over.
 */
recovered: number, 
/**
 * Commits that are in neither.
 */
missing_commits: number, 
/**
 * Rows of the damaged file that could not be read, for IT: a table and its first and last row.
 */
unreadable: Array<string>, };

export type Purpose = "treatment" | "break_glass" | "operations";

export type Outcome = "success" | "refused" | "failed";

export type AuditFault = "altered" | "missing" | "signature" | "truncated";

export type AuditPatientView = { 
/**
 * Id in this vault.
 */
id: string, 
/**
 * Family name.
 */
family: string, 
/**
 * Given names.
 */
given: string, 
/**
 * First identifier.
 */
record_number: string, };

export type AuditLineView = { 
/**
 * Its place in the chain, from 1; `null` while it waits to be written.
 */
seq: number | null, 
/**
 * When, in milliseconds since 1970.
 */
at: number, 
/**
 * What was done, as the log's stable word.
 */
action: string, 
/**
 * Who did it; `null` = the console by itself.
 */
user: string | null, 
/**
 * To whose record.
 */
patient: AuditPatientView | null, 
/**
 * With which device.
 */
device: string | null, 
/**
 * Whose slot, PIN or roles it was about.
 */
clinician: string | null, 
/**
 * How many records it was about, where that is not one.
 */
count: number | null, 
/**
 * For what.
 */
purpose: Purpose, 
/**
 * What came of it.
 */
outcome: Outcome, 
/**
 * Why, where a person had to say it.
 */
reason: string | null, };

export type AuditVerdictView = { "state": "sound", 
/**
 * How many.
 */
entries: number, 
/**
 * How many stand before the last signed checkpoint.
 */
signed: number, } | { "state": "bad", 
/**
 * Its place in the log, from 1.
 */
seq: number, 
/**
 * What is wrong with it.
 */
fault: AuditFault, };

export type ConsoleView = { 
/**
 * Counts up by one.
 */
number: number, 
/**
 * When it was taken, in milliseconds since 1970.
 */
taken: number, 
/**
 * A window without a newer snapshot for this many milliseconds shows "console not answering".
 */
valid_for_ms: number, 
/**
 * Demo vault or real one.
 */
mode: Mode, 
/**
 * Who is signed in, and what is locked. While not open, what is about people is absent from all members below.
 */
access: AccessView, 
/**
 * The Bluetooth adapter.
 */
adapter: AdapterState, 
/**
 * Every adapter, and the faults of the Bluetooth library.
 */
radio: RadioState, 
/**
 * Questions about pairings that wait for a person, oldest first.
 */
pairing: Array<PairingAsked>, 
/**
 * Until when the console searches, in milliseconds since 1970.
 */
searching_until: number | null, 
/**
 * Devices heard lately, strongest first.
 */
nearby: Array<NearbyView>, 
/**
 * Whether values reach the disk.
 */
recording: RecordingView, 
/**
 * An unclean end before this run, until somebody acknowledged it.
 */
interrupted: InterruptionView | null, 
/**
 * The open patient.
 */
bedside: BedsideView | null, 
/**
 * Devices bound to each patient.
 */
bound: Array<BoundCount>, 
/**
 * Readings without a patient.
 */
unassigned: number, 
/**
 * Sync at a glance.
 */
sync: SyncView, };

export type StartRemedy = "start_keyring" | "unlock_keyring" | "restore_secret" | "close_other" | "update" | "free_space" | "correct_policy" | "restore_backup" | "call_it";

export type StartFault = { 
/**
 * A stable code for IT.
 */
code: string, 
/**
 * What can be done.
 */
remedy: StartRemedy, 
/**
 * What the system said, without health data.
 */
detail: string, };

export type StartView = { "state": "running", 
/**
 * Demo vault or real one.
 */
mode: Mode, } | { "state": "vault_missing", 
/**
 * The policy names IT's recovery key: no kit is made.
 */
recovery_by_policy: boolean, } | { "state": "slots_lost", 
/**
 * Who could open the newest backup.
 */
users: Array<string>, 
/**
 * A recovery key opens it, too.
 */
recovery_slot: boolean, 
/**
 * Newest first; never empty.
 */
backups: Array<BackupView>, } | { "state": "failed" } & StartFault;

export type NewPatient = { 
/**
 * Record number.
 */
record_number: string, 
/**
 * Family name.
 */
family: string, 
/**
 * Given names.
 */
given: string, 
/**
 * `YYYY-MM-DD`.
 */
birth_date: string, 
/**
 * FHIR code; empty = unknown.
 */
sex: string, 
/**
 * Bed; empty = none.
 */
bed: string, };

export type Theme = "dark" | "light" | "high_contrast" | "night";

export type StripCanvas = { 
/**
 * Which.
 */
kind: StripKind, 
/**
 * Width in pixels of the page.
 */
width: number, 
/**
 * Height in pixels of the page.
 */
height: number, 
/**
 * Pixels of one paper millimetre.
 */
pixels_per_mm: number, 
/**
 * Colours.
 */
theme: Theme, };

export type TrendRange = "1h" | "8h" | "24h" | "7d" | "30d";

export type DemoAction = { "action": "silence_device", 
/**
 * As the ward names it.
 */
device: string, } | { "action": "resume_device", 
/**
 * As the ward names it.
 */
device: string, } | { "action": "drop_link", 
/**
 * As the ward names it.
 */
device: string, } | { "action": "measure", 
/**
 * As the ward names it.
 */
device: string, } | { "action": "halt_console" };

export type CommandError = { 
/**
 * Stable, for IT.
 */
code: string, 
/**
 * A key of the window's text: what happened and what to do next.
 */
text: string, 
/**
 * What the system said.
 */
detail: string, 
/**
 * What a person can do, where the vault or the keyring is the cause.
 */
remedy: StartRemedy | null, };
