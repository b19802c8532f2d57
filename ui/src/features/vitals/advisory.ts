// The order of advisories and how urgent each is. What raises one is decided in the core.
import type { Advisory, TileView } from '../../host/host.ts'

export type Level = 'medium' | 'low'

/** Crossed limits are of medium priority, absent data of low; Bedside raises none of high priority. */
export const levelOf = (advisory: Advisory): Level => (advisory === 'no_data' ? 'low' : 'medium')

/** The tiles that raise an advisory, most urgent first, otherwise in display order. */
export function raised(tiles: TileView[]): { tile: TileView; advisory: Advisory }[] {
  const found = tiles.flatMap((tile) => (tile.advisory ? [{ tile, advisory: tile.advisory }] : []))
  return found.sort((a, b) => rank(a.advisory) - rank(b.advisory))
}

const rank = (advisory: Advisory) => (levelOf(advisory) === 'medium' ? 0 : 1)
