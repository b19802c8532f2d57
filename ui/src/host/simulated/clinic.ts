// What the window asks of sync and of the clinic's patient list, answered by the simulated bedside.
// Not here: the states themselves (sync.ts), and who may ask (vault.ts).
import type { IdentityChoice, Permission } from '../bindings.ts'
import { HostError, type Host } from '../host.ts'
import { orders } from './orders.ts'
import { Refusal, type SimulatedVault } from './vault.ts'
import type { SimulatedWard } from './ward.ts'

/** The calls of the host that are answered here. */
export type ClinicCalls = Pick<
  Host,
  | 'syncNow'
  | 'openRecords'
  | 'retry'
  | 'recordReceipt'
  | 'exportRecord'
  | 'discardRecord'
  | 'conflict'
  | 'keepTheirs'
  | 'sendOurs'
  | 'setMetered'
  | 'clinicSignIn'
  | 'cancelClinicSignIn'
  | 'pullPatients'
  | 'orders'
  | 'identityQuestions'
  | 'decideIdentity'
>

/** What the calls are answered with. */
export interface Bedside {
  ward: SimulatedWard
  vault: SimulatedVault
  /** Sends a snapshot. */
  tell: () => void
  /** Refuses whoever may not. */
  demand: (what: Permission) => void
  demandOpen: () => void
  /** Does something with the record and tells what it is now. */
  act: <T>(run: (now: number) => T) => Promise<T>
}

export function clinicCalls({ ward, vault, tell, demand, demandOpen, act }: Bedside): ClinicCalls {
  return {
    async syncNow() {
      demandOpen()
      ward.sync.tryNow(Date.now())
      tell()
    },

    async openRecords(discarded: boolean) {
      demandOpen()
      return ward.sync.open(discarded)
    },

    async retry(id: string) {
      demandOpen()
      ward.sync.retry(id, Date.now())
      tell()
    },

    async recordReceipt(id: string) {
      demand('read_records')
      return found(ward.sync.receipt(id, ward.people))
    },

    /** The browser has no such dialog of its own: as if a place was chosen. */
    async exportRecord(id: string) {
      demand('export')
      found(ward.sync.receipt(id, ward.people))
      vault.wrote(Date.now(), 'exported', null, {})
      return true
    },

    async discardRecord(id: string, reason: string, withDependants: boolean) {
      demand('review')
      await act((now) => {
        if (!ward.sync.discard(id, reason, withDependants, vault.author, now)) throw new Refusal('SYNC-RECORD', 'error.no_such_record')
        vault.wrote(now, 'record_discarded', null, { reason })
      })
    },

    async conflict(id: string) {
      demand('read_records')
      return found(ward.sync.conflict(id, Date.now()))
    },

    async keepTheirs(id: string) {
      demand('review')
      await act((now) => ward.sync.decide(id, false, now))
    },

    async sendOurs(id: string) {
      demand('review')
      await act((now) => ward.sync.decide(id, true, now))
    },

    async setMetered(on: boolean) {
      demandOpen()
      ward.sync.metered = on ? 'on' : 'off'
      tell()
    },

    async clinicSignIn() {
      demandOpen()
      ward.sync.signIn = { state: 'waiting_for_browser' }
      tell()
    },

    async cancelClinicSignIn() {
      demandOpen()
      ward.sync.signIn = { state: 'needed' }
      tell()
    },

    async pullPatients() {
      demandOpen()
      ward.sync.listTaken = Date.now()
      tell()
    },

    async orders(patient: string) {
      demand('read_records')
      // Of who was made here, nobody asked the server.
      const taken = ward.sync.standing(patient, Date.now()).stands === 'made_here' ? null : ward.sync.listTaken
      return { taken, lines: taken === null || patient !== 'p-rosa' ? [] : orders(taken) }
    },

    async identityQuestions() {
      demand('read_records')
      return ward.sync.questions
    },

    async decideIdentity(question: string, seen: string, choice: IdentityChoice) {
      demand('record')
      await act(() => {
        const asked = ward.sync.questions.find(({ id, shown }) => id === question && shown === seen)
        if (!asked) throw new Refusal('LIST-QUESTION', 'error.no_such_question')
        const ours = ward.people.find(({ id }) => id === asked?.ours.id)
        if (asked && ours && choice === 'take_theirs') Object.assign(ours, asked.theirs)
        ward.sync.questions = ward.sync.questions.filter((each) => each !== asked)
      })
    },
  }
}

function found<T>(one: T | undefined): T {
  if (one === undefined) throw new HostError({ code: 'SYNC-RECORD', text: 'error.no_such_record', detail: '' })
  return one
}
