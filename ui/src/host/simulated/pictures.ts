// What the console would draw: the ECG sweep, the beat intervals, trends. For the simulated bedside only.
// Reports, exports and the real window get their pictures from the charts crate.
import type { Colours } from './colours.ts'
import { DisplayListWriter, type Point } from './display-list.ts'
import type { Beat, Heart } from './signals.ts'

const PIXELS_PER_SECOND = 100
const HERTZ = 130
const ERASER = 28
const PULSE_WIDTH = 48

/** A sweep at paper scale: keeps only where its pen is. */
export class Sweep {
  readonly #width: number
  readonly #height: number
  readonly #mm: number
  readonly #began: number
  #until: number
  #turn = 0
  #pen: Point | undefined

  constructor(width: number, height: number, mm: number, now: number) {
    this.#width = width
    this.#height = height
    this.#mm = mm
    this.#began = now
    this.#until = now
  }

  /** Paper and calibration pulse. */
  paper(colours: Colours): Uint8Array {
    const list = new DisplayListWriter(this.#width, this.#height).stroke(colours.grid, 1)
    const box = 5 * this.#mm
    for (let x = box; x < this.#width; x += box) list.line([x, 0], [x, this.#height])
    for (let y = this.#height / 2; y > 0; y -= box) list.line([0, y], [this.#width, y])
    for (let y = this.#height / 2 + box; y < this.#height; y += box) list.line([0, y], [this.#width, y])
    const [zero, top] = [this.#y(0), this.#y(1)]
    const pulse: Point[] = [[12, zero], [16, zero], [16, top], [36, top], [36, zero], [40, zero]]
    return list.stroke(colours.second, 1.5).path(pulse).bytes()
  }

  /** The samples since the last call, behind the eraser. */
  advance(heart: Heart, now: number, colours: Colours): Uint8Array {
    const list = new DisplayListWriter(this.#width, this.#height)
    const room = this.#width - PULSE_WIDTH
    const points: Point[] = this.#pen ? [this.#pen] : []
    const step = 1000 / HERTZ
    const drawn = () => {
      const [first, last] = [points[0], points.at(-1)]
      if (first && last) {
        list.erase(first[0] + 1, last[0] + ERASER)
        list.stroke(colours.heart, 1.75).path(points)
        list.stroke(colours.third, 1.5).line([last[0] + 3, 12], [last[0] + 3, this.#height - 12])
      }
    }
    for (; this.#until <= now; this.#until += step) {
      const run = ((this.#until - this.#began) / 1000) * PIXELS_PER_SECOND
      const turn = Math.floor(run / room)
      if (turn !== this.#turn) {
        drawn()
        const end = points.at(-1)
        if (end) list.erase(end[0] + 1, this.#width)
        list.fade(140)
        points.length = 0
        this.#turn = turn
      }
      points.push([PULSE_WIDTH + (run % room), this.#y(heart.electrocardiogram(this.#until))])
    }
    drawn()
    this.#pen = points.at(-1)
    return list.bytes()
  }

  #y(millivolts: number): number {
    return this.#height * 0.58 - millivolts * 10 * this.#mm
  }
}

/** The time between beats over the last minute. */
export function beatIntervals(beats: Beat[], now: number, width: number, height: number, colours: Colours): Uint8Array {
  const list = new DisplayListWriter(width, height)
  const [left, right, top, bottom] = [48, width - 12, 32, height - 14]
  const [lowest, highest] = [400, 1000]
  const y = (ms: number) => bottom - ((ms - lowest) / (highest - lowest)) * (bottom - top)
  const x = (at: number) => right - ((now - at) / 60_000) * (right - left)
  list.stroke(colours.grid, 1).fill(colours.third)
  for (const ms of [400, 700, 1000]) list.line([left, y(ms)], [right, y(ms)]).text(String(ms), [left - 8, y(ms)], 12, 'right')
  const points = beats.filter((beat) => now - beat.at < 60_000).map((beat): Point => [x(beat.at), y(beat.interval)])
  list.stroke(colours.heart, 1.5).path(points).fill(colours.heart)
  for (const point of points) list.disc(point, 1.5)
  return list.bytes()
}

/** One parameter of a trend. `value` gives nothing within a gap. */
export interface Panel {
  name: string
  unit: string
  colour: string
  lowest: number
  highest: number
  limits: number[]
  weight: number
  value?: (at: number) => number | undefined
  spots?: { at: number; value: number; low?: number }[]
}

/** Stacked panels on one time axis that ends now. */
export function trend(panels: Panel[], from: number, now: number, width: number, height: number, colours: Colours): Uint8Array {
  const list = new DisplayListWriter(width, height)
  const [left, right, axis] = [132, width - 16, height - 26]
  const x = (at: number) => left + ((at - from) / (now - from)) * (right - left)
  timeAxis(list, from, now, x, axis, colours)
  const total = panels.reduce((sum, panel) => sum + panel.weight, 0)
  let top = 0
  for (const panel of panels) {
    const bottom = top + (panel.weight / total) * axis
    drawPanel(list, panel, from, now, x, [top + 12, bottom - 12], colours)
    list.stroke(colours.line, 1).line([16, bottom], [right, bottom])
    top = bottom
  }
  return list.bytes()
}

function drawPanel(
  list: DisplayListWriter,
  panel: Panel,
  from: number,
  now: number,
  x: (at: number) => number,
  [top, bottom]: Point,
  colours: Colours,
): void {
  const y = (value: number) => bottom - ((value - panel.lowest) / (panel.highest - panel.lowest)) * (bottom - top)
  list.fill(panel.colour).text(panel.name, [16, top + 4], 14, 'left', true)
  list.fill(colours.second).text(panel.unit, [16, top + 22], 12, 'left').fill(colours.third)
  list.text(String(panel.highest), [124, top + 2], 12, 'right').text(String(panel.lowest), [124, bottom - 2], 12, 'right')
  list.stroke(colours.third, 1, 0.6)
  for (const limit of panel.limits) {
    for (let at = x(from); at < x(now); at += 6) list.line([at, y(limit)], [Math.min(at + 3, x(now)), y(limit)])
  }
  if (panel.value) drawCurve(list, panel, panel.value, from, now, x, y, [top, bottom], colours)
  list.fill(panel.colour).stroke(panel.colour, 2)
  for (const spot of panel.spots ?? []) {
    if (spot.at < from) continue
    const [at, high] = [x(spot.at), y(spot.value)]
    if (spot.low === undefined) list.disc([at, high], 4)
    else {
      const low = y(spot.low)
      list.line([at, high], [at, low]).line([at - 4, high], [at + 4, high]).line([at - 4, low], [at + 4, low])
    }
  }
}

function drawCurve(
  list: DisplayListWriter,
  panel: Panel,
  value: (at: number) => number | undefined,
  from: number,
  now: number,
  x: (at: number) => number,
  y: (value: number) => number,
  [top, bottom]: Point,
  colours: Colours,
): void {
  const step = (now - from) / Math.max(1, (x(now) - x(from)) / 2)
  let run: Point[] = []
  let gap: number | undefined
  const gaps: [number, number][] = []
  for (let at = from; at <= now; at += step) {
    const here = value(at)
    if (here === undefined) {
      list.stroke(panel.colour, 1.5).path(run)
      run = []
      gap ??= at
    } else {
      if (gap !== undefined) gaps.push([gap, at])
      gap = undefined
      run.push([x(at), y(Math.min(panel.highest, Math.max(panel.lowest, here)))])
    }
  }
  list.stroke(panel.colour, 1.5).path(run)
  if (gap !== undefined) gaps.push([gap, now])
  for (const [begin, end] of gaps) {
    list.stroke(colours.third, 1).line([x(begin), top - 4], [x(begin), bottom + 4]).line([x(end), top - 4], [x(end), bottom + 4])
    list.stroke(colours.line, 1)
    for (let at = x(begin) + 4; at < x(end); at += 5) list.line([at, bottom + 4], [Math.min(at + 8, x(end)), top - 4])
    // In a low panel a label would cut the curve.
    if (bottom - top > 48) list.fill(colours.second).text(`no data ${hours(begin)} to ${hours(end)}`, [x(begin) - 8, bottom - 4], 12, 'right')
  }
}

function timeAxis(
  list: DisplayListWriter,
  from: number,
  now: number,
  x: (at: number) => number,
  axis: number,
  colours: Colours,
): void {
  const steps = [600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000, 432_000_000]
  const step = steps.find((each) => (now - from) / each <= 12) ?? 432_000_000
  const zone = new Date(now).getTimezoneOffset() * 60_000
  for (let at = Math.ceil((from - zone) / step) * step + zone; at < now; at += step) {
    list.stroke(colours.grid, 1).line([x(at), 0], [x(at), axis])
    const words = step < 86_400_000 ? hours(at) : new Date(at).toISOString().slice(5, 10)
    if (x(now) - x(at) > 48) list.fill(colours.third).text(words, [x(at), axis + 13], 12, 'middle')
  }
  list.fill(colours.text).text('now', [x(now), axis + 13], 12, 'right', true)
}

function hours(at: number): string {
  const date = new Date(at)
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`
}
