// What stands in the way of sync, in the order in which a person can do something about it. Words are in text/en-sync.ts.
import type { RecordState, ServerFinding, SyncView } from '../../host/host.ts'
import type { IconName } from '../../kit/icons.ts'
import { text } from '../../text/text.ts'

export type Problem = 'no_server' | 'browser' | 'sign_in' | 'permission' | 'address' | 'unfit' | 'fault' | null

/** What keeps records from going, or `null`. */
export function problemOf(sync: SyncView): Problem {
  if (!sync.configured) return 'no_server'
  if (sync.fault_code === 'SERVER-UNFIT') return 'unfit'
  if (sync.sign_in.state === 'waiting_for_browser') return 'browser'
  const asked = sync.sign_in.state === 'needed' || sync.sign_in.state === 'failed'
  if (asked || sync.fault_code === 'SERVER-SIGN-IN') return 'sign_in'
  if (sync.fault_code === 'SERVER-PERMISSION') return 'permission'
  if (sync.fault_code === 'SERVER-ADDRESS') return 'address'
  return sync.fault_code === null ? null : 'fault'
}

/** Records that the server has not accepted and nobody put away. */
export const openCount = ({ waiting, sending, refused, held }: SyncView): number => waiting + sending + refused + held

/** What the sync page says where it lists no record: everything is accepted only if nothing waits and nothing was put away. */
export type NothingListed = 'all_done' | 'put_away' | 'nothing' | 'none_put_away'

/** `null`: there are records, the list of them is only not read again yet. */
export function nothingListed(shows: { discarded: boolean; count: number; putAway: number; begun: boolean }): NothingListed | null {
  if (shows.count) return null
  if (shows.discarded) return 'none_put_away'
  if (shows.putAway) return 'put_away'
  return shows.begun ? 'all_done' : 'nothing'
}

/** Groups of three digits, set apart by a narrow space. */
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, '\u202f')

/** `14 min behind`, `3 min ahead of`: which way the server's clock is off. */
export function skewWords(skew: string): string {
  return skew.startsWith('-') ? text('sync.skew.behind', { age: skew.slice(1) }) : text('sync.skew.ahead', { age: skew })
}

/** A finding in words. */
export function findingWords(finding: ServerFinding): string {
  switch (finding.finding) {
    case 'other_fhir_version':
      return text('sync.finding.other_fhir_version', { version: finding.version })
    case 'largest_bundle':
      return text('sync.finding.largest_bundle', { entries: finding.entries })
    default:
      return text(`sync.finding.${finding.finding}`)
  }
}

/** The icon of a state. */
export const stateIcon = (state: RecordState): IconName => (state === 'discarded' ? 'strike' : state)
