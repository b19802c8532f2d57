// The three states of the access view by name. Everything else about people and the record comes from bindings.ts.
import type { AccessView } from './bindings.ts'

/** The record is closed. */
export type ClosedView = Extract<AccessView, { state: 'closed' }>
/** The screen is locked; everything stays open behind it. */
export type ScreenLockedView = Extract<AccessView, { state: 'screen_locked' }>
