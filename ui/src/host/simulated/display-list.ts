// Writes display lists and frames as the charts crate does (`format.rs`, `frame.rs`), for the simulated bedside only.
// Coordinates come in pixels of the page; quarter pixels go out.

const UNITS = 4

/** Where the point of a text lies on it. */
export type Align = 'left' | 'middle' | 'right'
const ALIGN: Record<Align, number> = { left: 0, middle: 1, right: 2 }

export type Point = [x: number, y: number]

export class DisplayListWriter {
  #bytes: number[] = []

  constructor(width: number, height: number) {
    this.#u16(width * UNITS)
    this.#u16(height * UNITS)
  }

  /** `colour` as `#RRGGBB`, opacity from 0 to 1, width in pixels. */
  stroke(colour: string, width: number, opacity = 1): this {
    this.#bytes.push(1, ...rgba(colour, opacity))
    return this.#u16(width * UNITS)
  }

  fill(colour: string, opacity = 1): this {
    this.#bytes.push(2, ...rgba(colour, opacity))
    return this
  }

  line(from: Point, to: Point): this {
    this.#bytes.push(3)
    return this.#point(from).#point(to)
  }

  /** A line through at least one point. */
  path(points: Point[]): this {
    const [first, ...rest] = points
    if (!first) return this
    this.#bytes.push(4)
    this.#u16(points.length, 1).#point(first)
    for (const point of rest) {
      this.#bytes.push(0x80)
      this.#point(point)
    }
    return this
  }

  box(from: Point, to: Point): this {
    this.#bytes.push(6)
    return this.#point(from).#point(to)
  }

  disc(centre: Point, radius: number): this {
    this.#bytes.push(8)
    return this.#point(centre).#u16(radius * UNITS)
  }

  /** Words on one line, middle of the letters at the point. `em` in pixels. */
  text(words: string, at: Point, em: number, align: Align, bold = false): this {
    const utf8 = new TextEncoder().encode(words).slice(0, 255)
    this.#bytes.push(10)
    this.#point(at).#u16(em * UNITS)
    this.#bytes.push(ALIGN[align] | (1 << 2) | (bold ? 64 : 0), utf8.length, ...utf8)
    return this
  }

  /** Makes these columns transparent. */
  erase(left: number, right: number): this {
    this.#bytes.push(12)
    return this.#i16(left * UNITS).#i16(right * UNITS)
  }

  /** Leaves what is drawn this share (of 255) of its opacity. */
  fade(opacity: number): this {
    this.#bytes.push(13, opacity)
    return this
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes)
  }

  #point([x, y]: Point): this {
    return this.#i16(x * UNITS).#i16(y * UNITS)
  }

  #i16(n: number): this {
    const held = Math.max(-32768, Math.min(32767, Math.round(n)))
    this.#bytes.push(held & 255, (held >> 8) & 255)
    return this
  }

  #u16(n: number, least = 0): this {
    const held = Math.max(least, Math.min(65535, Math.round(n)))
    this.#bytes.push(held & 255, held >> 8)
    return this
  }
}

/** One strip of a frame. */
export interface FramePart {
  strip: number
  replace: boolean
  list: Uint8Array
}

/** The lists of all strips that changed, in one piece. */
export function frameOf(parts: FramePart[]): ArrayBuffer {
  const length = parts.reduce((sum, { list }) => sum + 7 + list.length, 2)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  bytes.set([1, parts.length])
  let at = 2
  for (const { strip, replace, list } of parts) {
    view.setUint16(at, strip, true)
    view.setUint8(at + 2, replace ? 0 : 1)
    view.setUint32(at + 3, list.length, true)
    bytes.set(list, at + 7)
    at += 7 + list.length
  }
  return bytes.buffer
}

function rgba(colour: string, opacity: number): [number, number, number, number] {
  const n = Number.parseInt(colour.slice(1), 16)
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255, Math.round(opacity * 255)]
}
