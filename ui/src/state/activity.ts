// Tells the console that somebody is at the window: seldom, and at once when it is about to lock.
// Not here: when it locks, which the console decides.

/** A touch within this time of the last one that was told is not told. */
const TELL_EVERY_MS = 10_000

export class Activity {
  #tell: () => void
  #monotonic: () => number
  #told = Number.NEGATIVE_INFINITY

  constructor(tell: () => void, monotonic: () => number = () => performance.now()) {
    this.#tell = tell
    this.#monotonic = monotonic
  }

  /** Somebody touched the window. */
  touched(aboutToLock: boolean): void {
    const now = this.#monotonic()
    // A warning is answered at once, but a moving pointer does not flood the console.
    if (now - this.#told < (aboutToLock ? TELL_EVERY_MS / 20 : TELL_EVERY_MS)) return
    this.#told = now
    this.#tell()
  }
}
