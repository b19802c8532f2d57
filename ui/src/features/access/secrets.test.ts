import { describe, expect, test } from 'vitest'
import { formOf, nobodyYet, passphraseFine, passphraseRules, personFaults, pinFine } from './secrets.ts'

const ada = () => ({
  ...nobodyYet(['administrator']),
  user_name: ' Ada.Byron ',
  display_name: ' Ada Byron ',
  passphrase: 'plover anchor tin',
  again: 'plover anchor tin',
})

describe('a new passphrase', () => {
  test.each(['short', 'Password123!', 'aaaaaaaaaaa', 'abcdefghij', '87654321'])('is not %s', (passphrase) => {
    expect(passphraseFine(passphrase, passphrase)).toBe(false)
  })

  test('is any eight characters that nobody would try first, typed twice', () => {
    expect(passphraseFine('plover anchor tin', 'plover anchor tin')).toBe(true)
    expect(passphraseFine('plover anchor tin', 'plover anchor ton')).toBe(false)
  })

  test('has rules that are neither kept nor broken before anything is typed', () => {
    expect(passphraseRules('', '').map(({ kept }) => kept)).toEqual([undefined, undefined, undefined])
    expect(passphraseRules('plover', '').map(({ kept }) => kept)).toEqual([false, undefined, undefined])
  })
})

test.each(['12345', '123456', '654321', '000000', '121212', '12345a'])('a PIN is not %s', (pin) => {
  expect(pinFine(pin, pin)).toBe(false)
})

test('a PIN is six digits that are no run, typed twice', () => {
  expect(pinFine('590214', '590214')).toBe(true)
})

describe('a person to enrol', () => {
  test('is sent with the user name in lower case and without a PIN that was not typed', () => {
    expect(personFaults(ada())).toEqual({})
    expect(formOf(ada())).toEqual({
      user_name: 'ada.byron',
      display_name: 'Ada Byron',
      roles: ['administrator'],
      passphrase: 'plover anchor tin',
      pin: null,
    })
  })

  test('has each fault said at its field', () => {
    const faults = personFaults({ ...ada(), user_name: 'Ada Byron', display_name: ' ', roles: [], again: 'x', pin: '12' })
    expect(Object.keys(faults).sort()).toEqual(['again', 'display_name', 'pin', 'roles', 'user_name'])
  })
})
