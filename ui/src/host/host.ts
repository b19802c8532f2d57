// The one door from the window to Rust. Two hosts stand behind it: the application, and a simulated bedside.
// No view and no state here.
import type {
  CommandError,
  ConsoleView,
  DemoAction,
  EnrolledView,
  InboxGroupView,
  NewPatient,
  PairingAnswer,
  OpenRecordView,
  PatientLineView,
  PatientView,
  StartView,
  StripCanvas,
  Theme,
  TrendRange,
} from './bindings.ts'

export type * from './bindings.ts'

/** What a host tells the window by itself. */
export interface Watcher {
  /** A newer state; it replaces the one before. */
  onSnapshot(view: ConsoleView): void
  /** One batch of strip drawings. */
  onFrame(frame: ArrayBuffer): void
  /** A batch was dropped: the strips must be asked for anew. */
  onRedrawNeeded(): void
}

export interface Host {
  /** Starts the console, or says why it cannot. `createVault` makes the encrypted record, once, on a person's word. */
  start(createVault: boolean): Promise<StartView>
  /** Begins to tell. A second call replaces the first watcher. */
  watch(watcher: Watcher): Promise<void>
  patients(): Promise<PatientLineView[]>
  addPatient(patient: NewPatient): Promise<PatientView>
  openPatient(patient: string | null): Promise<void>
  /** Listens for devices for so many seconds; 0 stops. */
  search(seconds: number): Promise<void>
  bind(peripheral: string, patient: string): Promise<void>
  bindKnown(device: string, patient: string): Promise<void>
  unbind(device: string): Promise<void>
  enrolled(): Promise<EnrolledView[]>
  /** Says that a device's user slot is the bound patient's; until then its readings are unassigned. */
  confirmUserSlot(device: string, slot: number): Promise<void>
  /** Gives the consent by which a device opens a user's values. */
  giveConsent(device: string, user: number, code: number): Promise<void>
  /** Fetches a device's stored records again. */
  fetchRecords(device: string): Promise<void>
  /** What is unassigned, by device and user, and which of it may be charted for a patient. */
  inbox(patient: string | null): Promise<InboxGroupView[]>
  /** Charts unassigned readings for a patient, all of them or none; how many were not charted for them before. */
  assign(readings: string[], patient: string): Promise<number>
  acknowledgeInterruption(bindAgain: boolean): Promise<void>
  /** Pairs a device in reach; its questions come with the snapshots. Ends when it is paired, or with why it is not. */
  pair(peripheral: string): Promise<void>
  /** Forgets this computer's bond with a device, waits up to a minute until it is heard again, and pairs it. */
  pairAnew(peripheral: string): Promise<void>
  answerPairing(prompt: number, answer: PairingAnswer): Promise<void>
  /** Which strips are on the page and how large; they are drawn anew. */
  setStrips(strips: StripCanvas[]): Promise<void>
  /** A display list of a patient's trend until now. */
  trendChart(patient: string, range: TrendRange, width: number, height: number, theme: Theme): Promise<ArrayBuffer>
  syncNow(): Promise<void>
  openRecords(): Promise<OpenRecordView[]>
  retry(record: string): Promise<void>
  /** Only in demo mode. */
  demo(action: DemoAction): Promise<void>
}

/** What every call of a host throws. */
export class HostError extends Error {
  readonly code: string
  /** A key of the window's text. */
  readonly text: string
  readonly detail: string

  constructor(error: CommandError) {
    super(error.code)
    this.code = error.code
    this.text = error.text
    this.detail = error.detail
  }
}
