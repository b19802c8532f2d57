import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { onHotkey, openScope, pressed } from './hotkeys.ts'

let ends: (() => void)[] = []
beforeEach(() => document.body.replaceChildren())
afterEach(() => {
  for (const end of ends) end()
  ends = []
})

function press(key: string, target: Element = document.body, more: KeyboardEventInit = {}) {
  document.body.append(...(target === document.body ? [] : [target]))
  const event = new KeyboardEvent('keydown', { key, bubbles: true, ...more })
  Object.defineProperty(event, 'target', { value: target })
  pressed(event)
}

test('a key runs its action, whatever its case', () => {
  const run = vi.fn()
  ends.push(onHotkey('T', 0, run))
  press('t')
  expect(run).toHaveBeenCalledOnce()
})

test('a letter typed into a field is text and no action', () => {
  const run = vi.fn()
  ends.push(onHotkey('T', 0, run), onHotkey('Alt+2', 0, run))
  const input = document.createElement('input')
  press('t', input)
  expect(run).not.toHaveBeenCalled()
  press('2', input, { altKey: true, code: 'Digit2' })
  expect(run).toHaveBeenCalledOnce()
})

test('Enter on a button is that button’s', () => {
  const run = vi.fn()
  ends.push(onHotkey('Enter', 0, run))
  press('Enter', document.createElement('button'))
  expect(run).not.toHaveBeenCalled()
})

test('a dialog silences the keys of the page below it', () => {
  const [below, above] = [vi.fn(), vi.fn()]
  const [scope, close] = openScope()
  ends.push(onHotkey('Esc', 0, below), onHotkey('Esc', scope, above))
  press('Escape')
  expect([below.mock.calls.length, above.mock.calls.length]).toEqual([0, 1])
  close()
  press('Escape')
  expect(below).toHaveBeenCalledOnce()
})
