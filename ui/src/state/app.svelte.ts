// What the whole window shares: host, console, strips, the open page, the theme, the last fault.
// Handed down by context; no module keeps state of its own.
import { getContext, setContext } from 'svelte'
import { HostError, type Host, type StartView, type Theme } from '../host/host.ts'
import { isTextKey, type TextKey } from '../text/text.ts'
import { ConsoleState } from './console.svelte.ts'
import { StripBoard } from './strips.ts'

export type Page = 'patients' | 'bedside' | 'trends' | 'devices' | 'sync'

/** A fault of a person's request, until somebody closes it or the next one succeeds. */
export interface ShownFault {
  text: TextKey
  code: string
  detail: string
}

export const THEMES: Theme[] = ['dark', 'light', 'high_contrast', 'night']

export class AppState {
  readonly host: Host
  readonly console: ConsoleState
  readonly strips: StripBoard
  page = $state<Page>('patients')
  theme = $state<Theme>('dark')
  start = $state.raw<StartView | 'opening'>('opening')
  fault = $state.raw<ShownFault>()

  constructor(host: Host, console = new ConsoleState()) {
    this.host = host
    this.console = console
    this.strips = new StripBoard((strips) => void this.quietly(() => host.setStrips(strips)))
  }

  /** Starts the console and begins to watch it. */
  async begin(createVault: boolean): Promise<void> {
    this.start = 'opening'
    const started = await this.attempt(() => this.host.start(createVault))
    if (started?.state === 'running') await this.attempt(() => this.watch())
    this.start = started ?? failed(this.fault)
  }

  /** Goes to the next theme; nothing is stored. */
  nextTheme(): void {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length] ?? 'dark'
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

  private watch(): Promise<void> {
    return this.host.watch({
      onSnapshot: (view) => {
        // A patient who was opened is shown, whoever opened them.
        if (!this.console.view?.bedside && view.bedside && this.page === 'patients') this.page = 'bedside'
        this.console.take(view)
      },
      onFrame: (frame) => this.strips.take(frame),
      onRedrawNeeded: () => this.strips.ask(),
    })
  }
}

const APP = Symbol('app')

export const provideApp = (app: AppState): AppState => setContext(APP, app)
export const useApp = (): AppState => getContext<AppState>(APP)

/** What a person is told of a fault. */
export function shown(thrown: unknown): ShownFault {
  if (!(thrown instanceof HostError)) return { text: 'error.internal', code: 'UI-INTERNAL', detail: '' }
  const text = isTextKey(thrown.text) ? thrown.text : 'error.internal'
  return { text, code: thrown.code, detail: thrown.detail }
}

function failed(fault: ShownFault | undefined): StartView {
  return { state: 'failed', code: fault?.code ?? 'UI-START', remedy: 'call_it', detail: fault?.detail ?? '' }
}
