// What a new passphrase, PIN and person must be, said before and while they are typed. The vault has the last word and
// knows more: its list of common secrets is longer.
import type { NewClinician, Role } from '../../host/host.ts'
import { text } from '../../text/text.ts'

export const PASSPHRASE_LEAST = 8
export const PIN_LEAST = 6
const NAME_MOST = 80

export const ROLES: Role[] = ['clinician', 'nurse', 'reviewer', 'administrator', 'it_support']

/** What is typed into the form of a person. */
export interface TypedPerson {
  user_name: string
  display_name: string
  roles: Role[]
  passphrase: string
  again: string
  pin: string
  pin_again: string
}

export const nobodyYet = (roles: Role[]): TypedPerson => ({
  user_name: '',
  display_name: '',
  roles,
  passphrase: '',
  again: '',
  pin: '',
  pin_again: '',
})

/** A rule and whether what is typed keeps it; `undefined` while nothing is typed. */
export interface Rule {
  words: string
  kept: boolean | undefined
}

export function passphraseRules(passphrase: string, again: string): Rule[] {
  const typed = passphrase.length > 0
  return [
    { words: text('secret.rule.length', { least: PASSPHRASE_LEAST }), kept: typed ? longEnough(passphrase) : undefined },
    { words: text('secret.rule.common'), kept: typed && longEnough(passphrase) ? !isCommon(passphrase) : undefined },
    { words: text('secret.rule.twice'), kept: again ? passphrase === again : undefined },
  ]
}

export function pinRules(pin: string, again: string): Rule[] {
  const typed = pin.length > 0
  return [
    { words: text('secret.rule.pin', { least: PIN_LEAST }), kept: typed ? isPin(pin) : undefined },
    { words: text('secret.rule.pin_plain'), kept: typed && isPin(pin) ? !isPlainPin(pin) : undefined },
    { words: text('secret.rule.twice'), kept: again ? pin === again : undefined },
  ]
}

/** Whether a passphrase may be sent. */
export const passphraseFine = (passphrase: string, again: string): boolean =>
  longEnough(passphrase) && !isCommon(passphrase) && passphrase === again

/** Whether a PIN may be sent. */
export const pinFine = (pin: string, again: string): boolean => isPin(pin) && !isPlainPin(pin) && pin === again

export type PersonFaults = Partial<Record<keyof TypedPerson, string>>

/** The fault of each field that has one, in words. A PIN may be left out. */
export function personFaults(typed: TypedPerson): PersonFaults {
  const faults: PersonFaults = {}
  if (!/^[a-z0-9._-]{1,64}$/.test(typed.user_name.trim().toLowerCase())) faults.user_name = text('person.fault.user_name')
  const name = typed.display_name.trim()
  if (!name) faults.display_name = text('add.error.empty')
  else if ([...name].length > NAME_MOST) faults.display_name = text('add.error.long', { most: NAME_MOST })
  if (!typed.roles.length) faults.roles = text('person.fault.roles')
  if (!longEnough(typed.passphrase)) faults.passphrase = text('secret.rule.length', { least: PASSPHRASE_LEAST })
  else if (isCommon(typed.passphrase)) faults.passphrase = text('error.secret_common')
  else if (names(typed.passphrase, typed.user_name)) faults.passphrase = text('error.secret_names_user')
  else if (typed.passphrase !== typed.again) faults.again = text('secret.fault.twice')
  if (typed.pin || typed.pin_again) {
    if (!isPin(typed.pin)) faults.pin = text('secret.rule.pin', { least: PIN_LEAST })
    else if (isPlainPin(typed.pin)) faults.pin = text('secret.fault.pin_plain')
    else if (typed.pin !== typed.pin_again) faults.pin_again = text('secret.fault.twice')
  }
  return faults
}

/** What is sent of what was typed. */
export const formOf = (typed: TypedPerson): NewClinician => ({
  user_name: typed.user_name.trim().toLowerCase(),
  display_name: typed.display_name.trim(),
  roles: [...typed.roles],
  passphrase: typed.passphrase,
  pin: typed.pin || null,
})

const names = (passphrase: string, user: string) =>
  user.trim() !== '' && passphrase.toLowerCase().includes(user.trim().toLowerCase())

const longEnough = (passphrase: string) => [...passphrase].length >= PASSPHRASE_LEAST

/** The first ones that anybody tries; with one character over and over, and runs. */
const COMMON = ['password', 'passwort', 'passw0rd', 'qwertyui', 'qwertzui', 'iloveyou', 'sunshine', 'football', 'baseball', 'princess', 'bedside', 'hospital', 'clinician', 'letmein']
function isCommon(passphrase: string): boolean {
  const plain = passphrase.toLowerCase().replace(/[\s\d!.?]+$/u, '')
  return COMMON.includes(plain) || new Set(passphrase).size <= 2 || isRun(passphrase)
}

const isPin = (pin: string) => /^\d+$/.test(pin) && pin.length >= PIN_LEAST
const isPlainPin = (pin: string) => new Set(pin).size <= 2 || isRun(pin)

/** Characters that go up or down by one each. */
function isRun(typed: string): boolean {
  const codes = [...typed].map((character) => character.charCodeAt(0))
  const steps = codes.slice(1).map((code, index) => code - (codes[index] ?? 0))
  return steps.every((step) => step === 1) || steps.every((step) => step === -1)
}
