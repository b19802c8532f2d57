// Keys of actions: which key does what now, and the one listener that looks them up.
// A dialog opens a scope of its own; keys of the page below are then silent.
interface Hotkey {
  combination: string
  scope: number
  run: () => void
}

const hotkeys = new Set<Hotkey>()
let depth = 0

/** The context in which a component finds its scope. */
export const SCOPE = Symbol('hotkey scope')

/** Makes `combination` (`T`, `/`, `Esc`, `Alt+1`) run something until the returned function is called. */
export function onHotkey(combination: string, scope: number, run: () => void): () => void {
  const hotkey = { combination, scope, run }
  hotkeys.add(hotkey)
  return () => hotkeys.delete(hotkey)
}

/** Opens a scope above all others; the returned function closes it. */
export function openScope(): [scope: number, close: () => void] {
  depth += 1
  return [depth, () => void (depth -= 1)]
}

/** Runs what belongs to a pressed key. The latest registration wins. */
export function pressed(event: KeyboardEvent): void {
  const combination = combinationOf(event)
  if (event.repeat || !mayAct(event.target, combination)) return
  const found = [...hotkeys].filter((hotkey) => hotkey.scope === depth && hotkey.combination === combination).at(-1)
  if (found) {
    event.preventDefault()
    found.run()
  }
}

const NAMES: Record<string, string> = { Escape: 'Esc', ' ': 'Space' }

function combinationOf(event: KeyboardEvent): string {
  const key = NAMES[event.key] ?? (event.key.length === 1 ? event.key.toUpperCase() : event.key)
  // With Alt the key may carry another character; the digit row is named by its place.
  const named = event.altKey && event.code.startsWith('Digit') ? event.code.slice(5) : key
  return `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${event.altKey ? 'Alt+' : ''}${named}`
}

/** Letters typed into a field are text, and Enter on a button is that button's. */
function mayAct(target: EventTarget | null, combination: string): boolean {
  if (!(target instanceof HTMLElement)) return true
  if (target.matches('input, textarea, select')) return combination === 'Esc' || /^(Alt|Ctrl)\+/.test(combination)
  return !(combination === 'Enter' && target.matches('button, a'))
}
