import { expect, test } from 'vitest'
import { keepPlace, placeIn } from './place.ts'

test('a page and its colours are found again in the address', () => {
  keepPlace({ page: 'trends', theme: 'night' }, history)
  expect(placeIn(location)).toEqual({ page: 'trends', theme: 'night' })
  expect(location.hash).toBe('#trends/night')
})

test('an address that names no page is that of the patients', () => {
  expect(placeIn({ hash: '' })).toEqual({ page: 'patients', theme: 'dark' })
  expect(placeIn({ hash: '#moon/pink' })).toEqual({ page: 'patients', theme: 'dark' })
})
