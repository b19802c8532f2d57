// Which page was open in which colours, kept over a reload: the application loads the window anew at each lock. Only the names of
// the page and of the theme are kept, in the address of the window; whose place it was, the lock itself says.
import type { Theme } from '../host/host.ts'

export type Page = 'patients' | 'bedside' | 'review' | 'trends' | 'devices' | 'sync' | 'settings'

export interface Place {
  page: Page
  theme: Theme
}

const PAGES: Page[] = ['patients', 'bedside', 'review', 'trends', 'devices', 'sync', 'settings']
export const THEMES: Theme[] = ['dark', 'light', 'high_contrast', 'night']

export function placeIn({ hash }: Pick<Location, 'hash'>): Place {
  const [page, theme] = hash.slice(1).split('/')
  return {
    page: PAGES.find((each) => each === page) ?? 'patients',
    theme: THEMES.find((each) => each === theme) ?? 'dark',
  }
}

export function keepPlace({ page, theme }: Place, history: History): void {
  history.replaceState(null, '', `#${page}/${theme}`)
}
