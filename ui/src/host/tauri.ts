// The host inside the application: commands and two channels. The only file that names Tauri.
import { Channel, invoke } from '@tauri-apps/api/core'
import {
  HostError,
  type AuditLineView,
  type AuditVerdictView,
  type BackupView,
  type ChartedView,
  type ClinicianView,
  type CommandError,
  type ConflictView,
  type ConsoleView,
  type EnrolledView,
  type Host,
  type IdentityQuestionView,
  type InboxGroupView,
  type KitView,
  type OpenRecordView,
  type OrdersView,
  type PatientLineView,
  type PatientView,
  type ReceiptView,
  type RestoredView,
  type StartView,
  type VaultStateView,
} from './host.ts'

/** Whether the page runs inside the application. */
export const insideApplication = (): boolean => '__TAURI_INTERNALS__' in globalThis

/** Calls a command; whatever it throws becomes a `HostError`. */
async function ask<T>(command: string, given: Record<string, unknown> = {}): Promise<T> {
  try {
    return await invoke<T>(command, given)
  } catch (thrown) {
    throw new HostError(isCommandError(thrown) ? thrown : refused(command))
  }
}

export const tauriHost: Host = {
  start: () => ask<StartView>('start'),
  createVault: (form) => ask<KitView>('create_vault', { form }),
  async watch(watcher) {
    const snapshots = new Channel<ConsoleView>()
    snapshots.onmessage = (view) => {
      watcher.onSnapshot(view)
      // The credit lets the next one out. Without an answer nothing is shown wrong: the window notices the silence.
      ask<null>('snapshot_shown').catch(() => undefined)
    }
    const strips = new Channel<ArrayBuffer>()
    strips.onmessage = (frame) => {
      watcher.onFrame(frame)
      // The credit lets the next frame out; an answer of false means that one was dropped meanwhile.
      ask<boolean>('frame_shown').then(
        (complete) => complete || watcher.onRedrawNeeded(),
        () => watcher.onRedrawNeeded(),
      )
    }
    await ask<null>('watch', { snapshots, strips })
  },
  patients: () => ask<PatientLineView[]>('patients'),
  addPatient: (patient) => ask<PatientView>('add_patient', { patient }),
  openPatient: (patient) => ask('open_patient', { patient }),
  search: (seconds) => ask('search', { seconds }),
  bind: (peripheral, patient) => ask('bind', { peripheral, patient }),
  bindKnown: (device, patient) => ask('bind_known', { device, patient }),
  unbind: (device) => ask('unbind', { device }),
  enrolled: () => ask<EnrolledView[]>('enrolled'),
  confirmUserSlot: (device, slot) => ask('confirm_user_slot', { device, slot }),
  giveConsent: (device, user, code) => ask('give_consent', { device, user, code }),
  fetchRecords: (device) => ask('fetch_records', { device }),
  inbox: (patient) => ask<InboxGroupView[]>('inbox', { patient }),
  assign: (readings, patient) => ask<number>('assign', { readings, patient }),
  charted: (patient, limit) => ask<ChartedView>('charted', { patient, limit }),
  markStrip: (patient, strip, seconds) => ask('mark_strip', { patient, strip, seconds }),
  correctReading: (reading, value, reason) => ask('correct_reading', { reading, value, reason }),
  rejectReading: (reading, reason) => ask('reject_reading', { reading, reason }),
  confirmReading: (reading) => ask('confirm_reading', { reading }),
  acknowledgeInterruption: (bindAgain) => ask('acknowledge_interruption', { bindAgain }),
  pair: (peripheral) => ask('pair', { peripheral }),
  pairAnew: (peripheral) => ask('pair_anew', { peripheral }),
  answerPairing: (prompt, answer) => ask('answer_pairing', { prompt, answer }),
  setStrips: (strips) => ask('set_strips', { strips }),
  trendChart: (patient, range, width, height, theme) =>
    ask<ArrayBuffer>('trend_chart', { patient, range, width, height, theme }),
  syncNow: () => ask('sync_now'),
  openRecords: (discarded) => ask<OpenRecordView[]>('open_records', { discarded }),
  retry: (record) => ask('retry', { record }),
  recordReceipt: (record) => ask<ReceiptView>('record_receipt', { record }),
  exportRecord: (record) => ask<boolean>('export_record', { record }),
  discardRecord: (record, reason, withDependants) => ask('discard_record', { record, reason, withDependants }),
  conflict: (record) => ask<ConflictView>('conflict', { record }),
  keepTheirs: (record, theirId, theirVersion) => ask('keep_theirs', { record, theirId, theirVersion }),
  sendOurs: (record, theirId, theirVersion) => ask('send_ours', { record, theirId, theirVersion }),
  setMetered: (on) => ask('set_metered', { on }),
  clinicSignIn: () => ask('clinic_sign_in'),
  cancelClinicSignIn: () => ask('cancel_clinic_sign_in'),
  pullPatients: () => ask('pull_patients'),
  orders: (patient) => ask<OrdersView>('orders', { patient }),
  identityQuestions: () => ask<IdentityQuestionView[]>('identity_questions'),
  decideIdentity: (question, shown, choice) => ask('decide_identity', { question, shown, choice }),
  signIn: (user, passphrase) => ask('sign_in', { user, passphrase }),
  openByItself: () => ask('open_by_itself'),
  recover: (kit, form) => ask('recover', { kit, form }),
  enrolFirst: (form) => ask<KitView>('enrol_first', { form }),
  lockScreen: () => ask('lock_screen'),
  signOut: () => ask('sign_out'),
  unlockScreen: (user, pin) => ask('unlock_screen', { user, pin }),
  activity: () => ask('activity'),
  breakGlass: (reason) => ask('break_glass', { reason }),
  endBreakGlass: () => ask('end_break_glass'),
  clinicians: () => ask<ClinicianView[]>('clinicians'),
  addClinician: (form) => ask<ClinicianView>('add_clinician', { form }),
  changeClinician: (id, displayName, roles) => ask('change_clinician', { id, displayName, roles }),
  disableClinician: (id) => ask('disable_clinician', { id }),
  changePassphrase: (old, passphrase) => ask('change_passphrase', { old, new: passphrase }),
  resetPassphrase: (id, passphrase) => ask('reset_passphrase', { id, passphrase }),
  changePin: (passphrase, pin) => ask('change_pin', { passphrase, pin }),
  capture: (peripheral) => ask('capture', { peripheral }),
  vaultState: () => ask<VaultStateView>('vault_state'),
  backUp: () => ask<BackupView>('back_up'),
  checkVault: () => ask('check_vault'),
  restore: (folder, user, passphrase) => ask<RestoredView>('restore', { folder, user, passphrase }),
  restoreWithoutSlots: (user, passphrase) => ask<RestoredView>('restore_without_slots', { user, passphrase }),
  restoreByKit: (kit) => ask<RestoredView>('restore_by_kit', { kit }),
  rekey: () => ask('rekey'),
  newRecoveryKit: () => ask<KitView>('new_recovery_kit'),
  auditLog: (patient, limit) => ask<AuditLineView[]>('audit_log', { patient, limit }),
  verifyAudit: () => ask<AuditVerdictView>('verify_audit'),
  demo: (action) => ask('demo', { action }),
}

function isCommandError(thrown: unknown): thrown is CommandError {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'text' in thrown && 'detail' in thrown
}

/** Tauri itself refused: the command is not declared, or an argument has the wrong shape. */
const refused = (command: string): CommandError => ({
  code: 'UI-COMMAND',
  text: 'error.internal',
  detail: command,
  remedy: null,
})
