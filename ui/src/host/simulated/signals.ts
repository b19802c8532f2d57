// A body that is made up: a heart that beats, an ECG that follows it, values that wander. Deterministic in time.
// Nothing here is stored or drawn.

/** Slow and quick wandering around zero, between about -1 and 1; the same at the same time. */
export function wander(milliseconds: number, seed: number): number {
  const minutes = milliseconds / 60_000
  return (
    0.5 * Math.sin(minutes / 7.3 + seed) +
    0.3 * Math.sin(minutes / 2.1 + 2 * seed) +
    0.2 * Math.sin(minutes * 3.7 + 3 * seed)
  )
}

/** Heart rate in beats a minute. */
export const heartRate = (at: number, seed: number): number => 88 + 9 * wander(at, seed)

/** Oxygen saturation in percent. */
export const saturation = (at: number, seed: number): number => 93.9 + 1.7 * wander(at, seed + 5)

/** One beat: when it began and how long after the one before. */
export interface Beat {
  at: number
  interval: number
}

/** A heart: beats at the pace of `heartRate`, with a little respiratory variation. */
export class Heart {
  readonly #seed: number
  readonly #beats: Beat[] = []

  constructor(seed: number, from: number) {
    this.#seed = seed
    this.#beats.push({ at: from, interval: 680 })
  }

  /** All beats up to `now`, the latest three minutes of them. */
  beats(now: number): Beat[] {
    for (let last = this.#beats.at(-1); last && last.at <= now; last = this.#beats.at(-1)) {
      const breath = 22 * Math.sin(last.at / 650) + 9 * Math.sin(last.at / 211)
      const interval = 60_000 / heartRate(last.at, this.#seed) + breath
      this.#beats.push({ at: last.at + interval, interval })
    }
    while ((this.#beats[0]?.at ?? now) < now - 180_000) this.#beats.shift()
    return this.#beats.filter((beat) => beat.at <= now)
  }

  /** The ECG in millivolts at a moment that `beats` has reached. */
  electrocardiogram(at: number): number {
    const beat = this.#beats.findLast((each) => each.at <= at)
    if (!beat) return 0
    const s = (at - beat.at) / 1000
    return WAVES.reduce((sum, [centre, width, height]) => sum + height * Math.exp(-(((s - centre) / width) ** 2)), 0)
  }
}

/** P, Q, R, S and T: seconds after the beat began, width in seconds, height in millivolts. */
const WAVES: [number, number, number][] = [
  [0.1, 0.026, 0.12],
  [0.2, 0.011, -0.12],
  [0.223, 0.011, 1.15],
  [0.248, 0.012, -0.26],
  [0.44, 0.052, 0.27],
]
