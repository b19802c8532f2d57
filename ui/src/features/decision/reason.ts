// The reason that a person gives for a decision about a record.
// Not here: what becomes of it; the host decides whether it takes one.
import { text } from '../../text/text.ts'

/** So many characters a reason has. */
const LEAST_REASON = 3
const MOST_REASON = 200

/** A reason that the record takes, or why not. */
export function reasonFault(reason: string): string | undefined {
  const length = [...reason.trim()].length
  if (length < LEAST_REASON) return text('review.reason.short')
  return length > MOST_REASON ? text('add.error.long', { most: MOST_REASON }) : undefined
}
