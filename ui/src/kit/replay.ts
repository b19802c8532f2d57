// Plays display lists on a canvas and splits the frames that carry them. The forms are described in the charts crate
// (`format.rs`, `frame.rs`); nothing here knows what is drawn. Bytes that break the form end in a ReplayError, never in
// a loop; what was drawn before stays on the canvas, so a list that failed has to be asked for anew as a whole.

/** What is wrong with the bytes. `at` counts from the beginning of the list or frame. */
export type ReplayFault = 'truncated' | 'version' | 'kind' | 'surplus' | 'operation' | 'points' | 'flags' | 'text'

export class ReplayError extends Error {
  override readonly name = 'ReplayError'
  readonly fault: ReplayFault
  readonly at: number

  constructor(fault: ReplayFault, at: number, words: string) {
    super(`${words} at byte ${at}`)
    this.fault = fault
    this.at = at
  }
}

/** One strip of a frame. `replace` draws the still layer anew and clears the moving one, `append` adds to that. */
export interface FrameStrip {
  strip: number
  kind: 'replace' | 'append'
  list: Uint8Array
}

/** The part of a 2D context that display lists need. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | 'arc'
  | 'beginPath'
  | 'clearRect'
  | 'closePath'
  | 'fill'
  | 'fillRect'
  | 'fillStyle'
  | 'fillText'
  | 'font'
  | 'globalCompositeOperation'
  | 'lineCap'
  | 'lineJoin'
  | 'lineTo'
  | 'lineWidth'
  | 'moveTo'
  | 'restore'
  | 'rotate'
  | 'save'
  | 'scale'
  | 'stroke'
  | 'strokeRect'
  | 'strokeStyle'
  | 'textAlign'
  | 'textBaseline'
  | 'translate'
>

const FRAME_VERSION = 1
const UNITS_PER_PIXEL = 4
const ABSOLUTE = -128
const FAMILY = '"IBM Plex Sans", sans-serif'
const ALIGN = ['left', 'center', 'right'] as const
const BASELINE = ['top', 'middle', 'bottom'] as const
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The strips of a frame, in order. All of the frame is checked before the first strip is given. */
export function frameStrips(frame: ArrayBuffer | Uint8Array): FrameStrip[] {
  const bytes = frame instanceof Uint8Array ? frame : new Uint8Array(frame)
  const reader = new Reader(bytes)
  const version = reader.u8()
  if (version !== FRAME_VERSION) throw new ReplayError('version', 0, `frame version ${version}, expected 1`)
  const count = reader.u8()
  const strips: FrameStrip[] = []
  for (let i = 0; i < count; i++) {
    const strip = reader.u16()
    const kind = reader.u8()
    if (kind > 1) throw new ReplayError('kind', reader.at - 1, `strip kind ${kind}, expected 0 or 1`)
    strips.push({ strip, kind: kind === 0 ? 'replace' : 'append', list: reader.bytes(reader.u32()) })
  }
  if (!reader.done) throw new ReplayError('surplus', reader.at, 'bytes after the last strip')
  return strips
}

/** The size of a display list in pixels of the page. */
export function listSize(list: Uint8Array): { width: number; height: number } {
  const reader = new Reader(list)
  return { width: reader.u16() / UNITS_PER_PIXEL, height: reader.u16() / UNITS_PER_PIXEL }
}

/** Draws a display list at the top left. `ratio` is device pixels a page pixel. The context comes back as it was. */
export function play(pen: Pen, list: Uint8Array, ratio: number): void {
  pen.save()
  try {
    pen.scale(ratio / UNITS_PER_PIXEL, ratio / UNITS_PER_PIXEL)
    pen.lineJoin = 'round'
    pen.lineCap = 'butt'
    new Player(pen, list).run()
  } finally {
    pen.restore()
  }
}

class Player {
  readonly #pen: Pen
  readonly #reader: Reader
  readonly #width: number
  readonly #height: number
  #font = ''

  constructor(pen: Pen, list: Uint8Array) {
    this.#pen = pen
    this.#reader = new Reader(list)
    this.#width = this.#reader.u16()
    this.#height = this.#reader.u16()
  }

  run(): void {
    while (!this.#reader.done) this.#operation()
  }

  #operation(): void {
    const pen = this.#pen
    const reader = this.#reader
    const at = reader.at
    const code = reader.u8()
    switch (code) {
      case 1:
        pen.strokeStyle = this.#colour()
        pen.lineWidth = reader.u16()
        break
      case 2:
        pen.fillStyle = this.#colour()
        break
      case 3:
        pen.beginPath()
        pen.moveTo(reader.i16(), reader.i16())
        pen.lineTo(reader.i16(), reader.i16())
        pen.stroke()
        break
      case 4:
        this.#points()
        pen.stroke()
        break
      case 5:
      case 6: {
        const [left, top, right, bottom] = [reader.i16(), reader.i16(), reader.i16(), reader.i16()]
        if (code === 6) pen.fillRect(left, top, right - left, bottom - top)
        else pen.strokeRect(left, top, right - left, bottom - top)
        break
      }
      case 7:
      case 8:
        pen.beginPath()
        pen.arc(reader.i16(), reader.i16(), reader.u16(), 0, 2 * Math.PI)
        if (code === 8) pen.fill()
        else pen.stroke()
        break
      case 9:
        this.#points()
        pen.closePath()
        pen.fill()
        break
      case 10:
        this.#text()
        break
      case 11:
        pen.fillRect(reader.i16(), reader.i16(), 1, 1)
        break
      case 12: {
        const [left, right] = [reader.i16(), reader.i16()]
        pen.clearRect(left, 0, right - left, this.#height)
        break
      }
      case 13:
        this.#fade(reader.u8())
        break
      default:
        throw new ReplayError('operation', at, `operation ${code}, expected 1 to 13`)
    }
  }

  #colour(): string {
    const [red, green, blue, opacity] = this.#reader.bytes(4)
    return `rgba(${red},${green},${blue},${(opacity ?? 0) / 255})`
  }

  /** The points of a path or polygon, as a path of the canvas. */
  #points(): void {
    const pen = this.#pen
    const reader = this.#reader
    const at = reader.at
    const count = reader.u16()
    if (count === 0) throw new ReplayError('points', at, 'a path without points')
    let x = reader.i16()
    let y = reader.i16()
    pen.beginPath()
    pen.moveTo(x, y)
    for (let i = 1; i < count; i++) {
      const step = reader.i8()
      if (step === ABSOLUTE) {
        x = reader.i16()
        y = reader.i16()
      } else {
        x += step
        y += reader.i8()
      }
      pen.lineTo(x, y)
    }
  }

  #text(): void {
    const pen = this.#pen
    const reader = this.#reader
    const [x, y, em] = [reader.i16(), reader.i16(), reader.u16()]
    const flagsAt = reader.at
    const flags = reader.u8()
    const [align, baseline] = [ALIGN[flags & 3], BASELINE[(flags >> 2) & 3]]
    if (flags > 127 || !align || !baseline) throw new ReplayError('flags', flagsAt, `text flags ${flags}`)
    const length = reader.u8()
    const words = decoded(reader.bytes(length), reader.at - length)
    const font = `${flags & 64 ? '600 ' : ''}${em}px ${FAMILY}`
    // Setting a font makes the browser parse it: only when it changes.
    if (font !== this.#font) pen.font = this.#font = font
    pen.textAlign = align
    pen.textBaseline = baseline
    const turns = (flags >> 4) & 3
    if (turns === 0) {
      pen.fillText(words, x, y)
      return
    }
    pen.save()
    pen.translate(x, y)
    pen.rotate((turns * Math.PI) / 2)
    pen.fillText(words, 0, 0)
    pen.restore()
  }

  /** Takes away opacity without touching what is transparent already. */
  #fade(share: number): void {
    const pen = this.#pen
    pen.save()
    pen.globalCompositeOperation = 'destination-out'
    pen.fillStyle = `rgba(0,0,0,${1 - share / 255})`
    pen.fillRect(0, 0, this.#width, this.#height)
    pen.restore()
  }
}

/** Reads numbers, little-endian, and never beyond the end. */
class Reader {
  at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get done(): boolean {
    return this.at >= this.#bytes.length
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  bytes(length: number): Uint8Array {
    const from = this.#take(length)
    return this.#bytes.subarray(from, from + length)
  }

  #take(length: number): number {
    const from = this.at
    const end = this.#bytes.length
    const missing = from + length - end
    if (missing > 0) throw new ReplayError('truncated', end, `${missing} more bytes expected, got the end`)
    this.at += length
    return from
  }
}

function decoded(bytes: Uint8Array, at: number): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new ReplayError('text', at, 'text that is no UTF-8')
  }
}
