// Looks up words by key and fills in names; the compiler checks both.
// The words are in en.ts.
import { en } from './en.ts'

type Words = typeof en
export type TextKey = keyof Words

/** The names between braces in a text. */
type NamesIn<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never
type Given<K extends TextKey> = [NamesIn<Words[K]>] extends [never]
  ? []
  : [values: Record<NamesIn<Words[K]>, string | number>]

/** The words of a key. */
export function text<K extends TextKey>(key: K, ...[values]: Given<K>): string {
  const template: string = en[key]
  if (!values) return template
  const filled: Record<string, string | number> = values
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(filled[name]))
}

/** Whether the host sent a key that this window knows. */
export const isTextKey = (key: string): key is TextKey => Object.hasOwn(en, key)
