// What the whole window shares: host, console, strips, the open page, the theme, the last fault, and what may be shown now.
// Handed down by context; no module keeps state of its own.
import { getContext, setContext } from 'svelte'
import { HostError, type Host, type KitView, type NewClinician, type Permission, type RestoredView, type StartView, type Theme } from '../host/host.ts'
import { isTextKey, type TextKey } from '../text/text.ts'
import { Activity } from './activity.ts'
import { ConsoleState } from './console.svelte.ts'
import { THEMES, type Page, type Place } from './place.ts'
import { StripBoard } from './strips.ts'

/** A part of the settings. */
export type Section = 'me' | 'clinicians' | 'record' | 'audit' | 'policy' | 'about'

/** What the window may show: before the console runs, record closed, screen locked, first clinician missing, everything. */
export type Stage = 'start' | 'closed' | 'locked' | 'enrol' | 'open'

/** A fault of a person's request, until somebody closes it or the next one succeeds. */
export interface ShownFault {
  text: TextKey
  code: string
  detail: string
}

/** A recovery kit, shown once. */
export interface ShownKit {
  kit: string
  vault: string
  made: number
}

export class AppState {
  readonly host: Host
  readonly console: ConsoleState
  readonly strips: StripBoard
  readonly #activity: Activity
  page = $state<Page>('patients')
  section = $state<Section>('me')
  theme = $state<Theme>('dark')
  start = $state.raw<StartView | 'opening'>('opening')
  fault = $state.raw<ShownFault>()
  kit = $state.raw<ShownKit>()
  /** What came of a restore, until somebody has read it. */
  restored = $state.raw<RestoredView>()
  /** Notices that somebody has read, until the next lock. */
  read = $state.raw<string[]>([])
  /** The user name of whose place it is that `page` keeps. */
  #whose: string | undefined

  constructor(host: Host, console = new ConsoleState(), place?: Place) {
    if (place) Object.assign(this, place)
    this.host = host
    this.console = console
    this.strips = new StripBoard((strips) => void this.quietly(() => host.setStrips(strips)))
    this.#activity = new Activity(() => void this.quietly(() => host.activity()))
  }

  get stage(): Stage {
    if (this.start === 'opening' || this.start.state !== 'running') return 'start'
    const access = this.console.view?.access
    switch (access?.state) {
      case undefined:
        return 'start'
      case 'closed':
        return 'closed'
      case 'screen_locked':
        return 'locked'
      case 'open':
        return access.enrolment_needed ? 'enrol' : 'open'
    }
  }

  /** Whether whoever is signed in may do something. Where nobody is enrolled, everybody may. */
  may(what: Permission): boolean {
    const access = this.console.view?.access
    if (access?.state !== 'open') return false
    if (access.user === null || access.user.may.includes(what)) return true
    return what === 'read_records' && access.break_glass_until !== null
  }

  /** Starts the console and begins to watch it. */
  async begin(): Promise<void> {
    this.start = 'opening'
    const started = await this.attempt(() => this.host.start())
    if (started?.state === 'running') await this.attempt(() => this.#watch())
    this.start = started ?? failed(this.fault)
  }

  /** Makes the encrypted record; its fault comes back. */
  async create(form: NewClinician): Promise<ShownFault | undefined> {
    const fault = await this.refusal(async () => this.keep(await this.host.createVault(form)))
    if (!fault) await this.begin()
    return fault
  }

  /** Keeps a recovery kit until a person has printed it. */
  keep({ kit, vault }: KitView): void {
    this.kit = kit === null ? undefined : { kit, vault, made: this.console.now }
  }

  toSettings(section: Section): void {
    this.section = section
    this.page = 'settings'
  }

  /** Goes to the next theme; nothing is stored. */
  nextTheme(): void {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length] ?? 'dark'
  }

  /** Locks the screen. From this moment on nothing of a person is in the window, whenever the console answers. */
  async lock(): Promise<void> {
    await this.#leave(() => this.host.lockScreen())
  }

  /** Closes the record. */
  async signOut(): Promise<void> {
    await this.#leave(() => this.host.signOut())
  }

  /** Unlocks the screen with a PIN; its fault comes back. */
  async unlock(user: string, pin: string): Promise<ShownFault | undefined> {
    const fault = await this.refusal(() => this.host.unlockScreen(user, pin))
    if (!fault) this.console.unveil()
    return fault
  }

  /** Somebody touched the window. */
  touched(): void {
    const access = this.console.view?.access
    if (access?.state === 'open' && access.user) this.#activity.touched(access.locks_in_s !== null)
  }

  /** Runs a request; its fault is shown, and `undefined` comes back. */
  async attempt<T>(request: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await request()
      this.fault = undefined
      return answer
    } catch (thrown) {
      this.fault = shown(thrown)
      return undefined
    }
  }

  /** Runs a request that no person made: its fault hides none that a person must see, and its success clears none. */
  async quietly<T>(request: () => Promise<T>): Promise<T | undefined> {
    try {
      return await request()
    } catch {
      return undefined
    }
  }

  /** Runs the request of a form: its fault comes back, to be said beside the form. */
  async refusal(request: () => Promise<unknown>): Promise<ShownFault | undefined> {
    try {
      await request()
      return undefined
    } catch (thrown) {
      return shown(thrown)
    }
  }

  async #leave(request: () => Promise<void>): Promise<void> {
    const access = this.console.view?.access
    if (access?.state !== 'open' || !access.user) return
    this.#dropPeople(access.user.user_name)
    this.console.veil()
    await this.attempt(request)
    // A console that would not lock is told so; the page it shows is the next snapshot's.
    if (this.fault) this.console.unveil()
  }

  #watch(): Promise<void> {
    return this.host.watch({
      onSnapshot: (view) => {
        const before = this.console.view
        this.console.take(view)
        const after = this.console.view?.access
        if (before?.access.state === 'open' && after?.state !== 'open') this.#dropPeople(before.access.user?.user_name)
        if (after?.state === 'closed') this.#closed(before?.access.state)
        // The window was loaded anew by the lock: the lock says whose place it is.
        if (after?.state === 'screen_locked' && !before) this.#whose = after.user ?? undefined
        if (after?.state !== 'open') return
        if (before?.access.state !== 'open') this.#arrived(after.user?.user_name)
        // A patient who was opened is shown, whoever opened them; one who is still open after a lock opened nothing.
        const resumed = before && before.access.state !== 'open'
        if (!resumed && !before?.bedside && view.bedside && this.page === 'patients') this.page = 'bedside'
      },
      onFrame: (frame) => this.strips.take(frame),
      onRedrawNeeded: () => this.strips.ask(),
    })
  }

  /** Nothing of a person stays in the window; the place on which they were does. */
  #dropPeople(user: string | undefined): void {
    this.#whose = user
    this.fault = undefined
    this.read = []
    this.strips.wipe()
  }

  /** A closed record begins anew; a kit that was just made at the first run is still to be printed. */
  #closed(before: string | undefined): void {
    this.page = 'patients'
    if (before !== undefined && before !== 'closed') this.kit = undefined
  }

  /** Whoever comes back finds their page; somebody else begins at the patients. */
  #arrived(user: string | undefined): void {
    if (user === this.#whose) return
    if (this.#whose !== undefined) this.kit = undefined
    this.page = 'patients'
    this.#whose = user
  }
}

const APP = Symbol('app')

export const provideApp = (app: AppState): AppState => setContext(APP, app)
export const useApp = (): AppState => getContext<AppState>(APP)

/** What a person is told of a fault. */
export function shown(thrown: unknown): ShownFault {
  if (!(thrown instanceof HostError)) return { text: 'error.internal', code: 'UI-INTERNAL', detail: '' }
  // Of a record that cannot be read or written, what to do says more than that it failed.
  const remedy = `start.remedy.${thrown.remedy}`
  const told = thrown.text === 'error.store' && isTextKey(remedy) ? remedy : thrown.text
  const text = isTextKey(told) ? told : 'error.internal'
  return { text, code: thrown.code, detail: thrown.detail }
}

function failed(fault: ShownFault | undefined): StartView {
  return { state: 'failed', code: fault?.code ?? 'UI-START', remedy: 'call_it', detail: fault?.detail ?? '' }
}
