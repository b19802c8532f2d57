// No component holds words of its own: they come from en.ts by key, so that they can be checked and translated.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'svelte/compiler'
import { describe, expect, test } from 'vitest'

const SPOKEN = new Set(['aria-label', 'title', 'placeholder', 'alt', 'label'])

/** Words in the markup of a component, and in attributes that are read out. */
function literalWords(source: string): string[] {
  const found: string[] = []
  const walk = (node: unknown, attribute?: string): void => {
    if (Array.isArray(node)) return node.forEach((each) => walk(each, attribute))
    if (typeof node !== 'object' || node === null) return
    const { type, data, name } = node as { type?: string; data?: string; name?: string }
    const visible = attribute === undefined || SPOKEN.has(attribute)
    if (type === 'Text' && visible && /\p{L}{2}/u.test(data ?? '')) found.push(data?.trim() ?? '')
    const inside = type === 'Attribute' ? name : attribute
    for (const [key, child] of Object.entries(node)) if (key !== 'css') walk(child, inside)
  }
  walk(parse(source, { modern: true }).fragment)
  return found
}

const components = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.svelte'))

describe('text', () => {
  test.each(components)('%s holds no words of its own', (path) => {
    // The rail prints "Alt 1": the key is named as on the keyboard, in every language.
    const words = literalWords(readFileSync(join('src', path), 'utf8')).filter((each) => each !== 'Alt')
    expect(words).toEqual([])
  })

  test('the search itself finds words in markup and in labels', () => {
    expect(literalWords('<p>Hello {name}</p><i aria-label="Close it"></i><b class="wide"></b>')).toEqual(['Hello', 'Close it'])
  })
})
