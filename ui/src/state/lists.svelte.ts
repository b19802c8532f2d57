// A list that a page reads from the host again and again while it is open.
// Not for values of a device that measures now: those come with snapshots only.

/** How often an open page reads its list again. */
const AGAIN_MS = 5_000
/** A list that could not be read for so long is not what is so now. */
const UNREAD_MS = 3 * AGAIN_MS

export class ReadAgain<T> {
  /** What was read last, however long ago. Ages and freshness in it are those of then: values are shown from `fresh`. */
  items = $state.raw<T[]>()
  /** Nothing newer came for too long: it cannot be read now. */
  unread = $state(false)

  #read: () => Promise<T[] | undefined>
  #asked = 0
  #taken = 0
  #since = now()

  constructor(read: () => Promise<T[] | undefined>) {
    this.#read = read
  }

  /** What was read, while it is no older than it says (product law 1). */
  get fresh(): T[] | undefined {
    return this.unread ? undefined : this.items
  }

  /** Reads now. Of two answers that overlap that to the later question wins; a failed one leaves what is there. */
  async refresh(): Promise<void> {
    const number = ++this.#asked
    const since = now()
    const items = await this.#read()
    if (number <= this.#taken) return
    if (!items) {
      // Where nothing is listed yet there is nothing to wait for.
      this.unread ||= this.items === undefined
      return
    }
    this.#taken = number
    this.#since = since
    this.items = items
    this.#look()
  }

  /** Reads now and again; the returned function ends it and drops what was read. For an effect of the page. */
  keepReading(): () => void {
    this.#since = now()
    void this.refresh()
    const timer = setInterval(() => {
      this.#look()
      void this.refresh()
    }, AGAIN_MS)
    return () => {
      clearInterval(timer)
      this.#taken = this.#asked
      this.items = undefined
      this.unread = false
    }
  }

  #look(): void {
    const { monotonic, wall } = now()
    this.unread = Math.max(monotonic - this.#since.monotonic, wall - this.#since.wall) >= UNREAD_MS
  }
}

/** The monotonic clock may stand still while the computer sleeps; then the wall clock tells. */
function now(): { monotonic: number; wall: number } {
  return { monotonic: performance.now(), wall: Date.now() }
}
