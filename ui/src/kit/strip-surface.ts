// The two layers of a strip: the still one below, the moving one above, both at the display's own resolution.
// What is drawn comes as display lists; nothing is drawn from values here.
import { play } from './replay.ts'

/** 0 replaces everything, 1 adds to the moving layer. */
export type ListKind = 'replace' | 'append'

export class StripSurface {
  /** Size in pixels of the page. */
  width = 0
  height = 0

  #still: HTMLCanvasElement
  #moving: HTMLCanvasElement
  #ratio = 1

  constructor(still: HTMLCanvasElement, moving: HTMLCanvasElement) {
    this.#still = still
    this.#moving = moving
  }

  /** Takes a size in pixels of the page; says whether it is another one. A canvas that is resized is empty. */
  resize(width: number, height: number, ratio: number): boolean {
    if (width === this.width && height === this.height && ratio === this.#ratio) return false
    Object.assign(this, { width, height })
    this.#ratio = ratio
    for (const canvas of [this.#still, this.#moving]) {
      canvas.width = Math.round(width * ratio)
      canvas.height = Math.round(height * ratio)
      canvas.style.width = `${width}px`
      canvas.style.height = `${height}px`
    }
    return true
  }

  /** Plays a display list on its layer. */
  play(kind: ListKind, list: Uint8Array): void {
    if (kind === 'replace') {
      this.#clear(this.#moving)
      this.#clear(this.#still)
    }
    const context = (kind === 'replace' ? this.#still : this.#moving).getContext('2d')
    if (context) play(context, list, this.#ratio)
  }

  /** Leaves nothing of what was drawn. */
  wipe(): void {
    this.#clear(this.#moving)
    this.#clear(this.#still)
  }

  #clear(canvas: HTMLCanvasElement): void {
    canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height)
  }
}
