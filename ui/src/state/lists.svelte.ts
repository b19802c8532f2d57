// A list that a page reads from the host again and again while it is open.
// Not for values: those come with snapshots only.

/** How often an open page reads its list again. */
const AGAIN_MS = 5_000

export class ReadAgain<T> {
  items = $state.raw<T[]>()

  #read: () => Promise<T[] | undefined>
  #number = 0

  constructor(read: () => Promise<T[] | undefined>) {
    this.#read = read
  }

  /** Reads now. Of two answers that overlap the later question wins; a failed one leaves what is there. */
  async refresh(): Promise<void> {
    const number = ++this.#number
    const items = await this.#read()
    if (items && number === this.#number) this.items = items
  }

  /** Reads now and again; the returned function ends it and drops what was read. For an effect of the page. */
  keepReading(): () => void {
    void this.refresh()
    const timer = setInterval(() => void this.refresh(), AGAIN_MS)
    return () => {
      clearInterval(timer)
      this.#number += 1
      this.items = undefined
    }
  }
}
