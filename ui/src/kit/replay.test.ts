// The player against the golden files of the charts crate: what Rust reads from the bytes is what the canvas is told.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { frameStrips, listSize, play, ReplayError, type Pen, type ReplayFault } from './replay.ts'

const GOLDEN = '../../../src-tauri/crates/core/charts/tests/golden/'
const golden = (name: string) => readFileSync(new URL(GOLDEN + name, import.meta.url))

const frame = () => new Uint8Array(golden('frame.bin'))

/** A pen that writes down what it is told. Numbers only: words for how they were set. */
function recorder(): { pen: Pen; log: string[] } {
  const log: string[] = []
  const settable = { strokeStyle: '', fillStyle: '', lineWidth: 0, font: '', textAlign: '', textBaseline: '' }
  const quiet = { lineJoin: '', lineCap: '', globalCompositeOperation: 'source-over' }
  const methods = ['arc', 'beginPath', 'clearRect', 'closePath', 'fill', 'fillRect', 'fillText', 'lineTo', 'moveTo',
    'restore', 'rotate', 'save', 'scale', 'stroke', 'strokeRect', 'translate']
  const target: Record<string, unknown> = { ...settable, ...quiet }
  for (const name of methods) {
    target[name] = (...given: unknown[]) => log.push([name, ...given].join(' '))
  }
  const pen = new Proxy(target, {
    set(on, name, value) {
      if (String(name) in settable) log.push(`${String(name)}=${value}`)
      return Reflect.set(on, name, value)
    },
  })
  return { pen: pen as unknown as Pen, log }
}

function played(list: Uint8Array): string[] {
  const { pen, log } = recorder()
  play(pen, list, 1)
  return log
}

/** A list of 100 x 50 pixels with these operations. */
const list = (...operations: number[]) => new Uint8Array([144, 1, 200, 0, ...operations])

/** What a canvas is told for a list in the text form of the golden files. */
function told(lines: string[]): string[] {
  const log: string[] = []
  const rectangle = (a: string, b: string) => {
    const [left = 0, top = 0, right = 0, bottom = 0] = `${a},${b}`.split(',').map(Number)
    return `${left} ${top} ${right - left} ${bottom - top}`
  }
  const colour = (hex = '') => {
    const [r, g, b, a] = [1, 3, 5, 7].map((at) => parseInt(hex.slice(at, at + 2), 16))
    return `rgba(${r},${g},${b},${(a ?? 0) / 255})`
  }
  let height = 0
  for (let i = 0; i < lines.length; i++) {
    const [name = '', a = '', b = ''] = (lines[i] ?? '').split(' ')
    if (name === 'size') height = Number(b)
    else if (name === 'stroke') log.push(`strokeStyle=${colour(a)}`, `lineWidth=${b}`)
    else if (name === 'fill') log.push(`fillStyle=${colour(a)}`)
    else if (name === 'path') {
      const points: string[] = []
      while (lines[i + 1]?.startsWith('  ')) points.push(...(lines[++i] ?? '').trim().split(' '))
      expect(points.length).toBe(Number(a))
      log.push('beginPath', ...points.map((p, n) => `${n ? 'lineTo' : 'moveTo'} ${p.replace(',', ' ')}`), 'stroke')
    } else if (name === 'filled-rectangle') log.push(`fillRect ${rectangle(a, b)}`)
    else if (name === 'filled-circle') log.push('beginPath', `arc ${a.replace(',', ' ')} ${b} 0 ${2 * Math.PI}`, 'fill')
    else if (name === 'erase') log.push(`clearRect ${a} 0 ${Number(b) - Number(a)} ${height}`)
    else if (name === 'fade') {
      log.push('save', `fillStyle=rgba(0,0,0,${1 - Number(a) / 255})`, `fillRect 0 0 1280 ${height}`, 'restore')
    } else throw new Error(`the golden file has a new word: ${name}`)
  }
  return log
}

function fault(action: () => unknown): ReplayFault | 'none' {
  try {
    action()
    return 'none'
  } catch (error) {
    if (error instanceof ReplayError) return error.fault
    throw error
  }
}

test('the canvas is told exactly what Rust reads from the same bytes', () => {
  const parts = golden('frame.txt').toString().split(/^strip /m).slice(1)
  const strips = frameStrips(frame())
  expect(strips.map(({ strip, kind }) => `${strip} ${kind}`)).toEqual(
    parts.map((part) => part.split('\n')[0]?.toLowerCase()),
  )
  strips.forEach(({ list }, index) => {
    const lines = (parts[index] ?? '').split('\n').slice(1).filter((line) => line !== '')
    expect(played(list)).toEqual(['save', 'scale 0.25 0.25', ...told(lines), 'restore'])
  })
})

test('a frame may be a part of a larger buffer', () => {
  const bytes = frame()
  const larger = new Uint8Array(bytes.length + 9)
  larger.set(bytes, 5)
  const [first] = frameStrips(larger.subarray(5, 5 + bytes.length))
  expect(first && listSize(first.list)).toEqual({ width: 320, height: 136 })
})

test('a frame cut short anywhere is refused as truncated', () => {
  const bytes = frame()
  for (let length = 0; length < bytes.length; length++) {
    expect(fault(() => frameStrips(bytes.subarray(0, length)))).toBe('truncated')
  }
})

test('a list cut short anywhere plays to its end or is refused, and gives the context back', () => {
  for (const { list } of frameStrips(frame())) {
    for (let length = 0; length < list.length; length++) {
      const { pen, log } = recorder()
      const found = fault(() => play(pen, list.subarray(0, length), 2))
      expect(['none', 'truncated']).toContain(found)
      expect(log.filter((word) => word === 'save').length).toBe(log.filter((word) => word === 'restore').length)
    }
  }
})

test('wrong bytes are named', () => {
  expect(fault(() => frameStrips(new Uint8Array([2, 0])))).toBe('version')
  expect(fault(() => frameStrips(new Uint8Array([1, 1, 0, 0, 7, 0, 0, 0, 0])))).toBe('kind')
  expect(fault(() => frameStrips(new Uint8Array([1, 0, 0])))).toBe('surplus')
  expect(fault(() => frameStrips(new Uint8Array([1, 1, 0, 0, 0, 255, 255, 255, 255])))).toBe('truncated')
  expect(fault(() => played(list(14)))).toBe('operation')
  expect(fault(() => played(list(4, 0, 0)))).toBe('points')
  expect(fault(() => played(list(10, 0, 0, 0, 0, 48, 0, 3, 1, 65)))).toBe('flags')
  expect(fault(() => played(list(10, 0, 0, 0, 0, 48, 0, 0, 1, 255)))).toBe('text')
})

test('random bytes end in an error or a picture', () => {
  let state = 7
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24
  for (let round = 0; round < 3000; round++) {
    const operations = Array.from({ length: 40 }, (_, i) => (i % 5 === 0 ? 1 + (random() % 13) : random() % 20))
    fault(() => played(list(...operations)))
    fault(() => frameStrips(new Uint8Array([1, 2, ...operations])))
  }
})

test('text is placed, turned and written with the bundled family', () => {
  const words = [...new TextEncoder().encode('37.9 °C')]
  const upright = played(list(10, 8, 0, 16, 0, 48, 0, 2 | (1 << 2), words.length, ...words))
  expect(upright).toContain('font=48px "IBM Plex Sans", sans-serif')
  expect(upright).toContain('textAlign=right')
  expect(upright).toContain('textBaseline=middle')
  expect(upright).toContain('fillText 37.9 °C 8 16')
  const turned = played(list(10, 8, 0, 16, 0, 48, 0, (3 << 4) | 64, words.length, ...words))
  expect(turned).toContain('font=600 48px "IBM Plex Sans", sans-serif')
  expect(turned).toContain(`rotate ${(3 * Math.PI) / 2}`)
  expect(turned).toContain('fillText 37.9 °C 0 0')
})

test('a step of -128 announces an absolute point, which may lie beyond the last one', () => {
  const log = played(list(4, 3, 0, 10, 0, 20, 0, 0x81, 0x80, 0x80, 0x00, 0x80, 0xff, 0x7f))
  expect(log.slice(3, -2)).toEqual(['moveTo 10 20', 'lineTo -117 -108', 'lineTo -32768 32767'])
})

test('polygons close, circles and outlines stroke', () => {
  const log = played(list(9, 2, 0, 0, 0, 0, 0, 1, 1, 7, 5, 0, 6, 0, 7, 0, 5, 1, 0, 2, 0, 4, 0, 8, 0, 11, 3, 0, 4, 0))
  expect(log.slice(2)).toEqual([
    'beginPath', 'moveTo 0 0', 'lineTo 1 1', 'closePath', 'fill',
    'beginPath', `arc 5 6 7 0 ${2 * Math.PI}`, 'stroke',
    'strokeRect 1 2 3 6',
    'fillRect 3 4 1 1',
    'restore',
  ])
})
