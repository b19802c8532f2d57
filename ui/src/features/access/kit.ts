// A recovery kit as a person reads, prints and types it: 14 groups of five characters, the fifth of which tells a slip.
// Not here: what it opens, and the checksum of the whole, which the record knows.

const GROUP = 5
export const KIT_GROUPS = 14

/** Letters and digits of a kit in groups. Crockford's alphabet has no I, L, O and U: what is meant by them is known. */
export function groupsOf(kit: string): string[] {
  const plain = [...kit.toUpperCase()].map((character) => MEANT[character] ?? character).filter((each) => ALPHABET.includes(each))
  return Array.from({ length: Math.ceil(plain.length / GROUP) }, (_, index) =>
    plain.slice(index * GROUP, (index + 1) * GROUP).join(''),
  )
}

/** Whether a full group is as it was printed: 2 c1 + 3 c2 + 4 c3 + 5 c4 + 6 (group + 1) = c5 in GF(32), x^5 + x^2 + 1. */
export function groupFits(group: string, index: number): boolean {
  const symbols = [...group].map((character) => ALPHABET.indexOf(character))
  const sum = symbols.slice(0, GROUP - 1).reduce((total, symbol, place) => total ^ times(place + 2, symbol), times(6, index + 1))
  return symbols.length === GROUP && sum === symbols[GROUP - 1]
}

/** What is sent. */
export const kitText = (groups: string[]): string => groups.filter(Boolean).join('-')

/** The group, from 0, that an answer names as the wrong one. */
export function groupNamed(detail: string, groups: number): number | undefined {
  const number = Number(/group (\d+)/.exec(detail)?.[1])
  return number >= 1 && number <= groups ? number - 1 : undefined
}

/** The group that a person types again before going on: never the first, and another for another kit. */
export function askedGroup(groups: string[]): number {
  if (groups.length < 2) return 0
  const sum = [...groups.join('')].reduce((total, character) => total + character.charCodeAt(0), 0)
  return 1 + (sum % (groups.length - 1))
}

/** Multiplication in GF(32). */
function times(a: number, b: number): number {
  let product = 0
  for (let [left, right] = [a, b]; right > 0; right >>= 1) {
    if (right & 1) product ^= left
    left = left & 16 ? (left << 1) ^ 37 : left << 1
  }
  return product
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const MEANT: Record<string, string> = { I: '1', L: '1', O: '0' }
