import { expect, test } from 'vitest'
import { noticesOf } from './notice.ts'
import { sizeWords } from './size.ts'

const keeper = () => true
const nobody = () => false

test('what was altered stands before what is only low', () => {
  const found = noticesOf(
    [{ kind: 'spool_filed', batches: 3 }, { kind: 'disk_low', free_octets: 3e8 }, { kind: 'altered', what: 'a page' }],
    [],
    keeper,
    0,
  )
  expect(found.map(({ key }) => key)).toEqual(['altered', 'disk_low false', 'spool_filed 3'])
})

test('a notice that was read stays away, also when its number changes', () => {
  expect(noticesOf([{ kind: 'disk_low', free_octets: 400_000_000 }], ['disk_low false'], keeper, 0)).toEqual([])
})

test('a disk with less than 100 MB is told again and cannot be put away', () => {
  const [found] = noticesOf([{ kind: 'disk_low', free_octets: 99_000_000 }], ['disk_low false'], keeper, 0)
  expect(found).toMatchObject({ urgent: true, action: undefined, title: 'The disk is nearly full: 99 MB free.' })
})

test('only who keeps the record is offered to do something about it', () => {
  const actions = (may: () => boolean) =>
    noticesOf([{ kind: 'backup_overdue', last: null }, { kind: 'no_recovery_slot' }], [], may, 0).map(({ action }) => action)
  expect(actions(keeper)).toEqual(['kit', 'back_up'])
  expect(actions(nobody)).toEqual([undefined, undefined])
})

test('sizes are told with two digits at least', () => {
  expect([512, 8_400_000, 120e9, 1000].map(sizeWords)).toEqual(['512 B', '8.4 MB', '120 GB', '1.0 kB'])
})
