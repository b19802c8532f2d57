import { describe, expect, test, vi } from 'vitest'
import type { StripCanvas } from '../host/host.ts'
import { frameOf } from '../host/simulated/display-list.ts'
import type { StripSurface } from '../kit/strip-surface.ts'
import { StripBoard } from './strips.ts'

const surface = (width: number, height: number) => {
  const play = vi.fn()
  return { play, as: { width, height, play } as unknown as StripSurface }
}
const turn = () => Promise.resolve()

describe('the strips of a page', () => {
  test('are asked for once a turn, with their sizes and the theme', async () => {
    const sent: StripCanvas[][] = []
    const board = new StripBoard((strips) => sent.push(strips))
    board.show(1, 'electrocardiogram', surface(900, 120).as)
    board.show(3, 'trend', surface(1180, 100).as)
    board.useTheme('light')
    await turn()
    expect(sent).toEqual([
      [
        { kind: 'electrocardiogram', width: 900, height: 120, pixels_per_mm: 4, theme: 'light' },
        { kind: 'trend', width: 1180, height: 100, pixels_per_mm: 4, theme: 'light' },
      ],
    ])
  })

  test('get their parts of a frame and no others', () => {
    const board = new StripBoard(() => undefined)
    const [first, second] = [surface(1, 1), surface(1, 1)]
    board.show(1, 'electrocardiogram', first.as)
    board.show(2, 'beat_intervals', second.as)
    const list = new Uint8Array([4, 0, 4, 0])
    board.take(frameOf([{ strip: 2, replace: false, list }, { strip: 9, replace: true, list }]))
    expect(first.play).not.toHaveBeenCalled()
    expect(second.play).toHaveBeenCalledExactlyOnceWith('append', list)
  })

  test('are asked for anew after a frame that cannot be read', async () => {
    const send = vi.fn()
    const board = new StripBoard(send)
    board.show(1, 'trend', surface(10, 10).as)
    await turn()
    board.take(new Uint8Array([7, 7, 7]).buffer)
    await turn()
    expect(send).toHaveBeenCalledTimes(2)
  })

  test('are not drawn for a hidden page, and drawn anew when it is seen again', async () => {
    const send = vi.fn()
    const board = new StripBoard(send)
    board.show(1, 'trend', surface(10, 10).as)
    await turn()
    const page = new EventTarget() as Document
    const see = (visibilityState: DocumentVisibilityState) => {
      Object.assign(page, { visibilityState })
      page.dispatchEvent(new Event('visibilitychange'))
    }
    const end = board.watchVisibility(page)
    see('hidden')
    expect(send).toHaveBeenLastCalledWith([])
    see('visible')
    await turn()
    expect(send.mock.lastCall?.[0]).toHaveLength(1)
    end()
  })
})
