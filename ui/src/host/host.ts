// The one door from the window to Rust. Two hosts stand behind it: the application, and a simulated bedside.
// No view and no state here.
import type {
  AuditLineView,
  AuditVerdictView,
  BackupView,
  ChartedView,
  ClinicianView,
  CommandError,
  ConflictView,
  ConsoleView,
  CorrectedValue,
  DemoAction,
  EnrolledView,
  IdentityChoice,
  IdentityQuestionView,
  InboxGroupView,
  KitView,
  NewClinician,
  NewPatient,
  OpenRecordView,
  OrdersView,
  PairingAnswer,
  PatientLineView,
  PatientView,
  ReceiptView,
  RestoredView,
  Role,
  StartRemedy,
  StartView,
  StripCanvas,
  StripKind,
  Theme,
  TrendRange,
  VaultStateView,
} from './bindings.ts'

export type * from './bindings.ts'
export type * from './vault.ts'

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
  /** Starts the console, or says why it cannot. */
  start(): Promise<StartView>
  /** Makes the encrypted record with its first clinician. Only where there is none. */
  createVault(form: NewClinician): Promise<KitView>
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
  /** The newest readings of a patient, at most so many, with every version of each. */
  charted(patient: string, limit: number): Promise<ChartedView>
  /** Marks the last seconds of a wave for the clinic's server; how many parts of it there will be. */
  markStrip(patient: string, strip: StripKind, seconds: number): Promise<number>
  /** Another value for a reading; the reading itself stays as it was measured. */
  correctReading(reading: string, value: CorrectedValue, reason: string): Promise<void>
  /** Says that a reading is no measurement of its patient; it stays in the record. */
  rejectReading(reading: string, reason: string): Promise<void>
  /** Says that a reading which waits for a person is right as it was measured. */
  confirmReading(reading: string): Promise<void>
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
  /** What the server has not accepted, those that need a person first; or what was put away. */
  openRecords(discarded: boolean): Promise<OpenRecordView[]>
  retry(record: string): Promise<void>
  /** The way of a record from the device to the server. */
  recordReceipt(record: string): Promise<ReceiptView>
  /** Asks a person for a place and writes the record with the server's word there; whether they chose one. */
  exportRecord(record: string): Promise<boolean>
  /** Puts a refused record away; those that wait for it are sent without it, or put away too. */
  discardRecord(record: string, reason: string, withDependants: boolean): Promise<void>
  /** What the server holds in place of a record of ours. */
  conflict(record: string): Promise<ConflictView>
  /** Lets the version of the server's stand that was seen. */
  keepTheirs(record: string, theirId: string, theirVersion: string | null): Promise<void>
  /** Puts ours over the version of the server's that was seen. */
  sendOurs(record: string, theirId: string, theirVersion: string): Promise<void>
  setMetered(on: boolean): Promise<void>
  /** Opens the system's browser; what comes of it is told by the snapshots. */
  clinicSignIn(): Promise<void>
  cancelClinicSignIn(): Promise<void>
  /** Reads the server's list of patients again. */
  pullPatients(): Promise<void>
  /** The orders of a patient that stand. */
  orders(patient: string): Promise<OrdersView>
  /** Patients of the server about whom a person is asked. */
  identityQuestions(): Promise<IdentityQuestionView[]>
  /** What a person says to a question as it was shown. */
  decideIdentity(question: string, shown: string, choice: IdentityChoice): Promise<void>
  /** Opens the record. What was typed goes in once and never comes back. */
  signIn(user: string, passphrase: string): Promise<void>
  /** Opens a record that needs nobody: the demonstration's, or one from before there were clinicians. */
  openByItself(): Promise<void>
  /** Opens the record with its recovery kit, for a person who administers it from then on. */
  recover(kit: string, form: NewClinician): Promise<void>
  /** Enrols the first clinician of a record from before there were any. */
  enrolFirst(form: NewClinician): Promise<KitView>
  lockScreen(): Promise<void>
  /** Closes the record: its key leaves the memory. Recording goes on, sealed. */
  signOut(): Promise<void>
  /** With the PIN of whoever it was, or of a colleague. */
  unlockScreen(user: string, pin: string): Promise<void>
  /** Somebody touched the window. */
  activity(): Promise<void>
  breakGlass(reason: string): Promise<void>
  endBreakGlass(): Promise<void>
  clinicians(): Promise<ClinicianView[]>
  addClinician(form: NewClinician): Promise<ClinicianView>
  changeClinician(id: string, displayName: string, roles: Role[]): Promise<void>
  disableClinician(id: string): Promise<void>
  changePassphrase(old: string, passphrase: string): Promise<void>
  /** By an administrator, who gives it to its owner. */
  resetPassphrase(id: string, passphrase: string): Promise<void>
  changePin(passphrase: string, pin: string): Promise<void>
  /** Records a device without a patient, also while the record is closed; its readings are unassigned. */
  capture(peripheral: string): Promise<void>
  vaultState(): Promise<VaultStateView>
  backUp(): Promise<BackupView>
  /** Reads the whole record through; throws what was found. */
  checkVault(): Promise<void>
  /** Puts a backup in the place of the record, the latest for `null`; the record is closed afterwards. */
  restore(folder: string | null, user: string | null, passphrase: string | null): Promise<RestoredView>
  /** Brings a record back whose list of people is lost, from its newest backup; the console is started afterwards. */
  restoreWithoutSlots(user: string, passphrase: string): Promise<RestoredView>
  /** The same with the recovery kit. */
  restoreByKit(kit: string): Promise<RestoredView>
  /** Encrypts the record with a new key. */
  rekey(): Promise<void>
  /** Makes the old kit worthless. */
  newRecoveryKit(): Promise<KitView>
  /** Newest first; of one patient, or of all. */
  auditLog(patient: string | null, limit: number): Promise<AuditLineView[]>
  verifyAudit(): Promise<AuditVerdictView>
  /** Only in demo mode. */
  demo(action: DemoAction): Promise<void>
}

/** What every call of a host throws. */
export class HostError extends Error {
  readonly code: string
  /** A key of the window's text. */
  readonly text: string
  readonly detail: string
  /** What a person can do about a failing keyring or disk. */
  readonly remedy: StartRemedy | null

  constructor(error: Omit<CommandError, 'remedy'> & Partial<Pick<CommandError, 'remedy'>>) {
    super(error.code)
    this.code = error.code
    this.text = error.text
    this.detail = error.detail
    this.remedy = error.remedy ?? null
  }
}
