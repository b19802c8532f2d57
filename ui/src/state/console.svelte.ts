// The latest snapshot, and whether the console still answers. The window never makes a value younger: it only notices
// that nothing newer came (product law 1). Not here: requests of single pages.
import type { AccessView, ConsoleView, Freshness, Reading } from '../host/host.ts'

/** How often the window asks itself whether the console still answers. */
const LOOK_EVERY_MS = 250

export interface Clocks {
  /** Milliseconds that never go back. */
  monotonic: () => number
  /** The wall clock. */
  wall: () => number
}

const systemClocks: Clocks = { monotonic: () => performance.now(), wall: () => Date.now() }

export class ConsoleState {
  /** The latest snapshot. */
  view = $state.raw<ConsoleView>()
  /** No newer snapshot came in time: no value on the screen is current. */
  silent = $state(false)
  /** Since when, on the wall clock. */
  silentSince = $state(0)
  /** The wall clock, for the banner. */
  now = $state(0)

  #clocks: Clocks
  #veil: AccessView | undefined
  #received = { monotonic: 0, wall: 0 }

  constructor(clocks: Clocks = systemClocks) {
    this.#clocks = clocks
    this.now = clocks.wall()
  }

  /** Takes a newer snapshot. An older one that was overtaken is dropped. */
  take(view: ConsoleView): void {
    if (this.view && view.number <= this.view.number && view.taken <= this.view.taken) return
    this.#received = { monotonic: this.#clocks.monotonic(), wall: this.#clocks.wall() }
    if (view.access.state !== 'open') this.#veil = undefined
    this.view = this.#veil ? withoutPeople({ ...view, access: this.#veil }) : view.access.state === 'open' ? view : withoutPeople(view)
    this.silent = false
  }

  /** Drops everything about a person now, before the console itself says that it is locked. */
  veil(): void {
    if (this.view?.access.state !== 'open') return
    const { user } = this.view.access
    this.#veil = {
      state: 'screen_locked',
      since: this.#clocks.wall(),
      why: 'by_hand',
      user: user?.user_name ?? null,
      wait_until: null,
      watch: [],
    }
    this.view = withoutPeople({ ...this.view, access: this.#veil })
  }

  /** The console is open again, or would not lock: the next snapshot is shown as it comes. */
  unveil(): void {
    this.#veil = undefined
  }

  /** Looks at the clocks. The monotonic one may stand still while the computer sleeps; then the wall clock tells. */
  look(): void {
    const wall = this.#clocks.wall()
    if (Math.floor(wall / 1000) !== Math.floor(this.now / 1000)) this.now = wall
    if (!this.view || this.silent) return
    const waited = Math.max(this.#clocks.monotonic() - this.#received.monotonic, wall - this.#received.wall)
    if (waited > this.view.valid_for_ms) {
      this.silent = true
      this.silentSince = this.#received.wall
    }
  }

  /** Looks from now on; the returned function ends it. */
  watchClocks(): () => void {
    const timer = setInterval(() => this.look(), LOOK_EVERY_MS)
    return () => clearInterval(timer)
  }

  /** The state in which a reading is shown now: what the core decided, or `lost` when the console is silent. */
  freshness(reading: Reading): Freshness {
    return this.silent && reading.freshness !== 'never' ? 'lost' : reading.freshness
  }
}

/** A snapshot with nothing of a person in it. The console sends it so; the window does not rely on that. */
function withoutPeople(view: ConsoleView): ConsoleView {
  return {
    ...view,
    bedside: null,
    bound: [],
    pairing: [],
    interrupted: null,
    unassigned: 0,
    nearby: view.nearby.map((device) => ({ ...device, known: null, patient: null })),
  }
}
