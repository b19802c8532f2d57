// Which strips are on the page, and where their frames go. The console draws; this only tells it sizes and plays.
// A frame builds on the ones before it: whenever one may be missing, all strips are asked for anew.
import type { StripCanvas, StripKind, Theme } from '../host/host.ts'
import { frameStrips } from '../kit/replay.ts'
import type { StripSurface } from '../kit/strip-surface.ts'

interface Shown {
  kind: StripKind
  surface: StripSurface
}

export class StripBoard {
  /** Pixels of one paper millimetre. */
  readonly pixelsPerMillimetre = 4

  #send: (strips: StripCanvas[]) => void
  #shown = new Map<number, Shown>()
  #theme: Theme = 'dark'
  #asked = false

  constructor(send: (strips: StripCanvas[]) => void) {
    this.#send = send
  }

  /** Puts a strip on the page; the returned function takes it away. */
  show(id: number, kind: StripKind, surface: StripSurface): () => void {
    this.#shown.set(id, { kind, surface })
    this.ask()
    return () => {
      this.#shown.delete(id)
      this.ask()
    }
  }

  /** Another theme: everything is drawn anew. */
  useTheme(theme: Theme): void {
    if (theme === this.#theme) return
    this.#theme = theme
    this.ask()
  }

  /** Asks for all strips anew, once for all changes of this turn. */
  ask(): void {
    if (this.#asked) return
    this.#asked = true
    queueMicrotask(() => {
      this.#asked = false
      this.#send([...this.#shown.values()].flatMap(({ kind, surface }) => this.#canvas(kind, surface)))
    })
  }

  /** Plays a frame. One that cannot be read is as good as a missing one. */
  take(frame: ArrayBuffer): void {
    try {
      for (const { strip, kind, list } of frameStrips(frame)) this.#shown.get(strip)?.surface.play(kind, list)
    } catch {
      this.ask()
    }
  }

  /** Leaves nothing of anybody: neither on the canvases nor of what was on the page. */
  wipe(): void {
    for (const { surface } of this.#shown.values()) surface.wipe()
    this.#shown.clear()
  }

  /** Asks anew when the page comes back into sight: frames are not kept for a hidden page. */
  watchVisibility(page: Document): () => void {
    const changed = () => (page.visibilityState === 'visible' ? this.ask() : this.#send([]))
    page.addEventListener('visibilitychange', changed)
    return () => page.removeEventListener('visibilitychange', changed)
  }

  #canvas(kind: StripKind, { width, height }: StripSurface): StripCanvas[] {
    if (width < 1 || height < 1) return []
    return [{ kind, width, height, pixels_per_mm: this.pixelsPerMillimetre, theme: this.#theme }]
  }
}
