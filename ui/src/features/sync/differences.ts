// What two versions of a record differ in, in words instead of FHIR paths and codes. Words of the elements are in text/en-elements.ts; what has
// none there is told by a readable form of its path: no difference is left out.
import type { ConflictLineView } from '../../host/host.ts'
import { isTextKey, text } from '../../text/text.ts'
import { clockSeconds, isoDate } from '../../text/time.ts'

/** A difference with its name. */
export interface NamedLine extends ConflictLineView {
  name: string
  /** Both sides as a person reads them; as they are written where that would make them alike. */
  shown: Pick<ConflictLineView, 'ours' | 'theirs'>
}

/** What a path does not say by itself. */
interface Context {
  /** What the component measures in which the element stands. */
  part?: string | null
  /** The record is about a device. */
  aboutDevice?: boolean
}

/** Elements that only hold others, or that are what their parent is. */
const UNSAID = new Set(['valueQuantity', 'reference', 'meta', 'note.text', 'coding.code', 'security.code', 'tag.code', 'extension.url'])

/** Every line with its name, no two the same. */
export function named(lines: ConflictLineView[]): NamedLine[] {
  const all = lines.map((line) => ({
    ...line,
    name: elementName(line.what, { part: line.part, aboutDevice: isDevice(line) }),
    shown: shown(line),
  }))
  const alike = (name: string) => all.filter((line) => line.name === name).length > 1
  return all.map((line) => (alike(line.name) ? { ...line, name: `${line.name} (${line.what})` } : line))
}

function shown({ what, ours, theirs }: ConflictLineView): NamedLine['shown'] {
  const [here, there] = [ours, theirs].map((value) => (value === null ? null : valueWords(what, value))) as [string | null, string | null]
  return here === there ? { ours, theirs } : { ours: here, theirs: there }
}

/** A status in words, a moment in this computer's zone; anything else as it is written. */
function valueWords(path: string, value: string): string {
  const word = `element.status.${value}`
  if (path === 'status' && isTextKey(word)) return text(word as 'element.status.final')
  const [moment, fraction = ''] = MOMENT.exec(value) ?? []
  const at = moment === undefined ? NaN : Date.parse(moment)
  return Number.isNaN(at) ? value : `${isoDate(at)} ${clockSeconds(at)}${fraction}`
}

/** An `instant` or `dateTime` of FHIR with a time of day, and its fractions of a second. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/

/** `component[0].valueQuantity.value` is `Part, 1st · value`, or what the part measures in place of its number. */
export function elementName(path: string, context: Context = {}): string {
  if (path === '') return text('element.whole')
  const steps = path.split('.').map(stepOf)
  const words = steps.flatMap((step, index) => stepWords(step, steps[index - 1], context))
  return capitalised(words.length ? words.join(' · ') : readable(path))
}

interface Step {
  element: string
  /** Which of a list, or of lists in a list. */
  places: number[]
}

function stepOf(written: string): Step {
  const [, element = written, list = ''] = /^(.+?)((?:\[\d+\])*)$/.exec(written) ?? []
  return { element, places: [...list.matchAll(/\d+/g)].map(Number) }
}

function stepWords({ element, places }: Step, parent: Step | undefined, { part, aboutDevice }: Context): string[] {
  if (element === 'component' && part) return [part]
  // The first code is the code; further ones say the same in other systems.
  const told = element === 'coding' && places[0] === 0 ? [] : places
  const qualified = `${parent?.element}.${element}`
  if ((UNSAID.has(element) || UNSAID.has(qualified)) && !told.length) return []
  const known = [`element.${qualified}`, `element.${element}`].find(isTextKey)
  const words = element === 'subject' && aboutDevice ? text('element.device') : known ? text(known as 'element.whole') : readable(element)
  return [[words, ...told.map(ordinal)].join(', ')]
}

/** A FHIR name taken apart: `bodyStructure` is `body structure`. */
function readable(element: string): string {
  const words = element.replace(/[^\p{L}\p{N}]+/gu, ' ').replace(/(\p{Ll})(?=\p{Lu})/gu, '$1 ').trim().toLowerCase()
  return words || element
}

const PLURALS = new Intl.PluralRules('en', { type: 'ordinal' })

function ordinal(place: number): string {
  const n = place + 1
  const rule = PLURALS.select(n)
  return rule === 'one' || rule === 'two' || rule === 'few' ? text(`ordinal.${rule}`, { n }) : text('ordinal.other', { n })
}

const capitalised = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)

const isDevice = ({ ours, theirs }: ConflictLineView): boolean => [ours, theirs].some((said) => said?.startsWith('Device/'))
