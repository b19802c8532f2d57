// Drives the whole window on the simulated bedside, as a person would: what is on the page, clicks, keys, typing, time.
// For tests only.
import axe from 'axe-core'
import { flushSync, mount, unmount } from 'svelte'
import { vi } from 'vitest'
import App from '../App.svelte'
import type { Host } from '../host/host.ts'
import { simulatedHost } from '../host/simulated.ts'

export class TestWindow {
  readonly target = document.createElement('div')
  host!: Host
  #app: ReturnType<typeof mount> | undefined

  /** Before each test; the clock stands at 14:06:32. */
  begin(): void {
    vi.useFakeTimers({ now: new Date(2026, 2, 18, 14, 6, 32) })
    document.documentElement.lang = 'en'
    document.title = 'Bedside'
    history.replaceState(null, '', '#')
    document.body.replaceChildren(this.target)
  }

  async end(): Promise<void> {
    if (this.#app) await unmount(this.#app)
    this.#app = undefined
    vi.useRealTimers()
  }

  async open(options = ''): Promise<void> {
    this.host = simulatedHost(new URLSearchParams(options))
    await this.show()
  }

  /** The window on the host of before, as after a reload. */
  async show(): Promise<void> {
    if (this.#app) await unmount(this.#app)
    this.#app = mount(App, { target: this.target, props: { host: this.host } })
    await this.pass(0)
  }

  async pass(milliseconds: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(milliseconds)
    flushSync()
  }

  found = (testid: string): HTMLElement | null => this.target.querySelector<HTMLElement>(`[data-testid="${testid}"]`)
  words = (testid: string): string | undefined => this.found(testid)?.textContent.replaceAll(/\s+/g, ' ').trim()

  async click(testid: string): Promise<void> {
    const element = this.found(testid)
    if (!element) throw new Error(`${testid} is not on the page`)
    element.click()
    await this.pass(0)
  }

  async press(key: string, more: KeyboardEventInit = {}): Promise<void> {
    window.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...more }))
    await this.pass(0)
  }

  async type(testid: string, typed: string): Promise<void> {
    const field = this.found(testid)
    if (!(field instanceof HTMLInputElement)) throw new Error(`${testid} is no field`)
    field.value = typed
    field.dispatchEvent(new Event('input', { bubbles: true }))
    await this.pass(0)
  }

  /** Sends the form in which an element stands, as Enter does. */
  async enter(testid: string): Promise<void> {
    const form = this.found(testid)?.closest('form')
    if (!form) throw new Error(`${testid} is in no form`)
    form.requestSubmit()
    await this.pass(500)
  }

  async axeFindings(): Promise<string[]> {
    vi.useRealTimers()
    // jsdom has no layout: contrast is measured where there is one.
    const result = await axe.run(document, { resultTypes: ['violations'], rules: { 'color-contrast': { enabled: false } } })
    return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`)
  }
}
