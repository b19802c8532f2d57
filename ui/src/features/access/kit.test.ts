import { expect, test } from 'vitest'
import { SIMULATED_KIT } from '../../host/simulated/vault.ts'
import { askedGroup, groupFits, groupNamed, groupsOf, KIT_GROUPS, kitText } from './kit.ts'

test('a kit is read whatever stands between its characters, and in lower case', () => {
  expect(groupsOf('abcde-fghjk mn')).toEqual(['ABCDE', 'FGHJK', 'MN'])
})

test('letters that are easily taken for digits are those digits', () => {
  expect(groupsOf('iLo00')).toEqual(['11000'])
})

test('groups that were left empty are not sent', () => {
  expect(kitText(['ABCDE', 'FGHJK', '', ''])).toBe('ABCDE-FGHJK')
})

test('a group that an answer names is found, and one that does not exist is not', () => {
  expect(groupNamed('group 4 of the recovery kit is mistyped', 12)).toBe(3)
  expect(groupNamed('group 40 is mistyped', 12)).toBeUndefined()
  expect(groupNamed('too short', 12)).toBeUndefined()
})

test('the group that is asked is one of the kit and never its first', () => {
  for (const last of ['2', '3', '4', '5', '6']) {
    const asked = askedGroup(['ABCDE', 'FGHJK', 'MNPQR', `STVW${last}`])
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThan(4)
  }
})

test('a group that was mistyped, exchanged with another, or not finished is told at once', () => {
  const groups = groupsOf(SIMULATED_KIT)
  expect(groups).toHaveLength(KIT_GROUPS)
  expect(groups.every(groupFits)).toBe(true)
  const [first = '', second = ''] = groups
  expect([groupFits(second, 0), groupFits(first.slice(0, 4), 0)]).toEqual([false, false])
  for (const place of [0, 1, 2, 3, 4]) {
    const wrong = `${first.slice(0, place)}${first[place] === 'A' ? 'B' : 'A'}${first.slice(place + 1)}`
    expect(groupFits(wrong, 0)).toBe(false)
  }
})
