// Locks, sign-in, first run, recovery and settings on the whole window, and the law that a locked window holds nothing of a
// person: neither in the document nor in what it keeps.
import { flushSync } from 'svelte'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SIMULATED_KIT } from './host/simulated/vault.ts'
import { AppState } from './state/app.svelte.ts'
import { TestWindow } from './testing/window.ts'

const page = new TestWindow()
const { found, words } = page
const ADA = { passphrase: 'plover anchor tin', pin: '590214' }
const BEN = { passphrase: 'heron ladder wax', pin: '771930' }

beforeEach(() => page.begin())
afterEach(() => page.end())

async function signIn(user: string, passphrase: string): Promise<void> {
  await page.type('sign-in-user', user)
  await page.type('sign-in-passphrase', passphrase)
  await page.enter('sign-in-passphrase')
}

async function unlock(pin: string, user?: string): Promise<void> {
  if (user) {
    await page.click('unlock-other')
    await page.type('unlock-user', user)
  }
  await page.type('unlock-pin', pin)
  await page.enter('unlock-pin')
}

async function openRosa(): Promise<void> {
  await page.click('nav-patients')
  await page.click('patient-row-TST 4410 0187')
}

const person = async (form: string, more: Record<string, string> = {}) => {
  const typed = { user: 'grace', name: 'Grace Test', passphrase: 'marble otter run', again: 'marble otter run', ...more }
  for (const [field, words] of Object.entries(typed)) await page.type(`${form}-${field}`, words)
}

describe('a locked window', () => {
  /** Everything of patients that the simulated ward plants, and what stands at the bedside. */
  const PLANTED = ['adeyemi', 'rosa', 'ruth', 'broadleaf', 'candlewick', '1951-03-14', '1948-07-02', 'TST 4410', '12B', '128/74', 'p-rosa', 'Oximeter P1', 'Arm cuff']

  /** What the window keeps, as text: everything that hangs on its state and can be reached. */
  function kept(app: AppState): string {
    const seen = new Set<unknown>()
    const read = (value: unknown): string => {
      if (typeof value !== 'object' || value === null) return String(value)
      if (seen.has(value) || value instanceof Node) return ''
      seen.add(value)
      if (value instanceof Map || value instanceof Set) return [...value.entries()].flat().map(read).join(' ')
      return Object.values(value).map(read).join(' ')
    }
    const { console, strips, page: open, fault, kit, read: notices, restored } = app
    return [console.view, strips, open, fault, kit, notices, restored].map(read).join(' ')
  }

  async function openEverything(): Promise<AppState> {
    const made: AppState[] = []
    const begin = vi.spyOn(AppState.prototype, 'begin').mockImplementation(function (this: AppState) {
      made.push(this)
      begin.mockRestore()
      return this.begin()
    })
    await page.open('vault=ada&pairing')
    await openRosa()
    await page.click('access-log-open')
    const [app] = made
    if (!app) throw new Error('the window has no state')
    return app
  }

  const findings = (app: AppState): string[] => {
    const where = `${document.documentElement.outerHTML} ${document.title} ${location.href} ${kept(app)}`.toLocaleLowerCase()
    return PLANTED.filter((word) => where.includes(word.toLocaleLowerCase()))
  }

  test('holds nothing of a person from the moment of the key, before the console answers', async () => {
    const app = await openEverything()
    expect(findings(app)).toEqual(expect.arrayContaining(['adeyemi', 'rosa', '1951-03-14', 'TST 4410', 'Oximeter P1', '128/74']))
    vi.spyOn(page.host, 'lockScreen').mockReturnValue(new Promise(() => undefined))
    await page.click('access-log-close')
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'l' }))
    flushSync()
    expect(found('locked-page')).not.toBeNull()
    expect(findings(app)).toEqual([])
    await page.pass(5_000)
    expect(found('locked-page')).not.toBeNull()
    expect(findings(app)).toEqual([])
  })

  test('holds nothing of a person after it locked itself, whatever page and dialog was open', async () => {
    const app = await openEverything()
    await page.pass(301_000)
    expect(words('lock-reason')).toBe('Locked because nobody touched it.')
    expect(found('access-log')).toBeNull()
    expect(findings(app)).toEqual([])
  })

  test('holds nothing of a person after signing out', async () => {
    const app = await openEverything()
    await page.click('access-log-close')
    await page.click('user-menu')
    await page.click('menu-sign-out')
    await page.click('leave-confirm')
    expect(found('closed-page')).not.toBeNull()
    expect(findings(app)).toEqual([])
  })

  test.each(['patients', 'bedside', 'review', 'trends', 'devices', 'sync', 'settings'])('holds nothing of a person that was on %s', async (name) => {
    const app = await openEverything()
    await page.click('access-log-close')
    await page.click(`nav-${name}`)
    if (name === 'settings') await page.click('section-audit')
    await page.click('lock')
    expect(findings(app)).toEqual([])
  })

  test('drops what a console sends of a person although it is locked', async () => {
    const app = await openEverything()
    const open = app.console.view
    await page.click('access-log-close')
    await page.click('lock')
    const locked = app.console.view
    if (!open || !locked) throw new Error('no snapshot')
    app.console.take({ ...open, number: locked.number + 1, access: locked.access })
    await page.pass(0)
    expect(findings(app)).toEqual([])
  })

  test('does not open again when an older snapshot arrives late', async () => {
    const app = await openEverything()
    const open = app.console.view
    vi.spyOn(page.host, 'lockScreen').mockReturnValue(new Promise(() => undefined))
    await page.click('access-log-close')
    await page.click('lock')
    if (open) app.console.take({ ...open, number: open.number + 1_000 })
    await page.pass(0)
    expect(found('locked-page')).not.toBeNull()
    expect(findings(app)).toEqual([])
  })

  test('says that recording continues, on how many devices, and nothing else', async () => {
    await openEverything()
    await page.click('access-log-close')
    await page.click('lock')
    expect(words('locked-recording')).toMatch(/^10 Recording continues on 10 devices last saved/)
  })

  test('shows values by bed only where the policy allows it, and then no name', async () => {
    await page.open('vault=ada&watch')
    await page.click('lock')
    expect(words('watch')).toContain('bed 12B')
    expect(words('watch')).toContain('128/74 mmHg')
    expect(document.documentElement.outerHTML).not.toMatch(/adeyemi|rosa|TST 4410/i)
  })
})

describe('unlocking the screen', () => {
  test('leads back to the page one was on', async () => {
    await page.open('vault=ada')
    await openRosa()
    await page.click('nav-trends')
    await page.click('lock')
    await unlock(ADA.pin)
    expect(found('nav-trends')?.getAttribute('aria-current')).toBe('page')
    expect(words('identity-banner')).toContain('ADEYEMI-TEST, Rosa')
  })

  test('leads back to that page also when the window was loaded anew', async () => {
    await page.open('vault=ada')
    await openRosa()
    await page.click('nav-trends')
    await page.click('theme')
    await page.click('lock')
    await page.show()
    expect(document.documentElement.dataset.theme).toBe('light')
    expect(words('unlock-name')).toBe('ada')
    await unlock(ADA.pin)
    expect(found('nav-trends')?.getAttribute('aria-current')).toBe('page')
  })

  test('by a colleague begins at the patients', async () => {
    await page.open('vault=ada')
    await page.click('nav-devices')
    await page.click('lock')
    await unlock(BEN.pin, 'ben')
    expect(found('nav-patients')?.getAttribute('aria-current')).toBe('page')
    expect(words('user-menu')).toContain('B. Lind-Test')
  })

  test('with a wrong PIN says so, clears it, and after three counts down a wait', async () => {
    await page.open('vault=ada')
    await page.click('lock')
    for (let tried = 0; tried < 3; tried += 1) await unlock('111222')
    expect(found('unlock-pin')).toHaveProperty('value', '')
    expect(words('unlock-pin-fault')).toContain('do not fit')
    expect(words('unlock-state')).toContain('Wait 0:30')
    expect(found('unlock-go')).toHaveProperty('disabled', true)
    await page.pass(10_000)
    expect(words('unlock-state')).toContain('Wait 0:20')
  })

  test('is not needed where nobody is enrolled: there is no lock', async () => {
    await page.open()
    expect(found('lock')).toBeNull()
    await page.press('l')
    expect(found('patient-list')).not.toBeNull()
  })
})

describe('the warning before the lock', () => {
  test('counts down, and a key keeps the screen open', async () => {
    await page.open('vault=ada')
    await page.pass(250_000)
    expect(words('lock-warning')).toMatch(/^Locks in (49|50|51) s\./)
    await page.press('Shift')
    expect(found('lock-warning')).toBeNull()
    await page.pass(100_000)
    expect(found('locked-page')).toBeNull()
  })

  test('touches are told at most every ten seconds', async () => {
    await page.open('vault=ada')
    const told = vi.spyOn(page.host, 'activity')
    for (let second = 0; second < 30; second += 1) {
      window.dispatchEvent(new Event('pointermove'))
      await page.pass(1_000)
    }
    expect(told.mock.calls.length).toBeGreaterThan(1)
    expect(told.mock.calls.length).toBeLessThan(5)
  })
})

describe('signing in', () => {
  test('says why it is closed, and opens with user name and passphrase', async () => {
    await page.open('vault')
    expect(words('lock-reason')).toBe('Bedside has just started.')
    await signIn('ada', ADA.passphrase)
    expect(found('patient-list')).not.toBeNull()
    expect(words('user-menu')).toContain('A. Okoro-Test')
  })

  test('takes a user from the list, and a scanned badge leads on to the passphrase', async () => {
    await page.open('vault')
    await page.click('user-ben')
    expect(found('sign-in-user')).toHaveProperty('value', 'ben')
    expect(document.activeElement).toBe(found('sign-in-passphrase'))
    await page.type('sign-in-user', 'ada')
    found('sign-in-user')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))
    expect(document.activeElement).toBe(found('sign-in-passphrase'))
  })

  test('with a wrong passphrase says how many tries are left, and only that user waits', async () => {
    await page.open('vault')
    for (let tried = 0; tried < 3; tried += 1) await signIn('ada', 'wrong')
    expect(words('sign-in-state')).toContain('Wait 0:')
    expect(found('sign-in-passphrase')).toHaveProperty('value', '')
    await signIn('ben', BEN.passphrase)
    expect(words('user-menu')).toContain('B. Lind-Test')
  })

  test('of a disabled sign-in says who can help', async () => {
    await page.open('vault')
    for (let tried = 0; tried < 10; tried += 1) {
      await signIn('ada', 'wrong')
      vi.setSystemTime(Date.now() + 3_700_000)
      await page.pass(1_000)
    }
    await signIn('ada', ADA.passphrase)
    expect(words('sign-in-passphrase-fault')).toContain('An administrator sets a new passphrase')
  })

  test.each(['KEY-NONE', 'KEY-LOCKED', 'KEY-MISSING', 'KEY-MALFORMED', 'KEY-SYSTEM'])('with the keyring’s fault %s says which, and offers another try, recovery and recording', async (code) => {
    await page.open(`vault&key=${code}`)
    await signIn('ada', ADA.passphrase)
    expect(found('keyring-fault')?.dataset.code).toBe(code)
    expect(words('keyring-fault')).toContain('no new key was made')
    expect(found('keyring-recover')).not.toBeNull()
    expect(found('keyring-capture')).not.toBeNull()
    await page.click('keyring-again')
    await signIn('ada', ADA.passphrase)
    expect(found('patient-list')).not.toBeNull()
  })

  test('files what was recorded while closed, and says so until it is read', async () => {
    await page.open('vault&spooled')
    expect(words('spooled')).toContain('14')
    await signIn('ada', ADA.passphrase)
    expect(words('vault-notice-spool_filed')).toContain('while the record was closed is filed')
    await page.click('vault-notice-act-spool_filed')
    expect(found('vault-notice-spool_filed')).toBeNull()
  })

  test('is not needed to record: devices are found and recorded by name and state only', async () => {
    await page.open('vault')
    await page.click('to-capture')
    await page.click('capture-search')
    await page.click('capture-Oximeter P3')
    expect(words('capture-row-Oximeter P3')).toContain('linked')
    expect(words('capture-row-Oximeter P3')).not.toMatch(/\d+ ?(%|\/min)/)
    await page.click('capture-back')
    expect(words('spooled')).toContain('1')
  })
})

describe('the first run', () => {
  test('makes the record with its first administrator and shows the kit once', async () => {
    await page.open('start=missing')
    expect(found('first-run')).not.toBeNull()
    await person('first')
    await page.enter('first-user')
    expect(words('kit-groups')?.replaceAll(/[^0-9A-Z]/g, '')).toContain('7K2QH')
    expect(found('kit-done')).toHaveProperty('disabled', true)
    const number = Number(/group (\d+)/.exec(found('kit-page')?.textContent ?? '')?.[1])
    await page.type('kit-check', 'XXXXX')
    await page.enter('kit-check')
    expect(words('kit-check-fault')).toContain('Look at the paper')
    await page.type('kit-check', SIMULATED_KIT.split('-')[number - 1]?.toLowerCase() ?? '')
    await page.enter('kit-check')
    expect(found('patient-list')).not.toBeNull()
    expect(document.documentElement.outerHTML).not.toContain('7K2QH')
  })

  test('sends nothing before every field is right, and says what is wrong beside each', async () => {
    await page.open('start=missing')
    const made = vi.spyOn(page.host, 'createVault')
    await person('first', { passphrase: 'password1', again: 'password2', user: 'Grace Test' })
    await page.enter('first-user')
    expect(made).not.toHaveBeenCalled()
    expect(words('first-user-fault')).toContain('1 to 64 letters')
    expect(words('first-passphrase-fault')).toContain('first that anybody would try')
  })

  test('prints nothing where IT has the recovery key', async () => {
    await page.open('start=missing')
    vi.spyOn(page.host, 'createVault').mockImplementation(async (form) => {
      const { vault } = await page.host.enrolFirst(form)
      return { kit: null, vault }
    })
    vi.spyOn(page.host, 'start').mockResolvedValue({ state: 'running', mode: 'clinic' })
    await person('first')
    await page.enter('first-user')
    expect(found('kit-page')).toBeNull()
    expect(found('patient-list')).not.toBeNull()
  })

  test('of somebody in a record from before there were clinicians asks for nothing else first', async () => {
    await page.open('enrol')
    expect(found('enrol-page')).not.toBeNull()
    expect(found('patient-list')).toBeNull()
    await person('first')
    await page.enter('first-user')
    expect(found('kit-page')).not.toBeNull()
  })
})

describe('recovery', () => {
  async function typeKit(kit: string): Promise<void> {
    await page.open('vault')
    await page.click('to-recover')
    await page.type('kit-group-1', kit)
    await person('recover')
    await page.enter('recover-user')
  }

  test('with the kit opens the record for a new administrator', async () => {
    await typeKit(SIMULATED_KIT)
    expect(words('user-menu')).toContain('Grace Test')
  })

  test('names the group that was mistyped, and keeps the others', async () => {
    await typeKit(SIMULATED_KIT.replace('YW3Z0', 'YW3ZD'))
    expect(words('kit-wrong')).toBe('Group 4 is mistyped. Compare it with the paper.')
    expect(found('kit-group-4')?.getAttribute('aria-invalid')).toBe('true')
    expect(found('kit-group-5')).toHaveProperty('value', '51GNP')
  })

  test('asks for the groups that are missing before it sends anything', async () => {
    await page.open('vault')
    const asked = vi.spyOn(page.host, 'recover')
    await page.click('to-recover')
    await page.type('kit-group-1', '7K2QH-M9X4N')
    await person('recover')
    await page.enter('recover-user')
    expect(asked).not.toHaveBeenCalled()
    expect(found('kit-group-3')?.getAttribute('aria-invalid')).toBe('true')
  })
})

describe('emergency access', () => {
  test('is offered to a role that sees no patients, asks twice, and ends by hand', async () => {
    await page.open('vault=ida')
    expect(words('refused')).toContain('IT support')
    await page.click('break-glass')
    await page.type('break-glass-reason', 'short')
    await page.click('break-glass-next')
    expect(words('reason-fault') ?? words('break-glass-reason-fault')).toContain('at least 10')
    await page.type('break-glass-reason', 'Resuscitation in bed 12B')
    await page.click('break-glass-next')
    expect(document.activeElement?.textContent).toContain('Resuscitation in bed 12B')
    expect(found('patient-list')).toBeNull()
    await page.click('break-glass-confirm')
    expect(found('patient-list')).not.toBeNull()
    expect(words('break-glass-banner')).toContain('Ends by itself in')
    await page.click('break-glass-end')
    expect(found('break-glass-banner')).toBeNull()
    expect(found('patient-list')).toBeNull()
  })
})

describe('settings', () => {
  test('open by their key, and say in words what a role does not allow', async () => {
    await page.open('vault=ben')
    await page.press('7', { altKey: true, code: 'Digit7' })
    expect(found('settings')).not.toBeNull()
    for (const section of ['clinicians', 'record', 'audit']) {
      await page.click(`section-${section}`)
      expect(words('denied')).toContain('Only an administrator')
    }
  })

  async function settings(section: string): Promise<void> {
    await page.open('vault=ada')
    await page.click('nav-settings')
    await page.click(`section-${section}`)
  }

  test('enrol somebody, change their roles, and disable them after a question', async () => {
    await settings('clinicians')
    await page.click('clinician-add')
    await person('new')
    await page.enter('new-user')
    expect(words('clinician-grace')).toContain('Grace Test')
    await page.click('clinician-change-grace')
    await page.click('role-nurse')
    await page.click('clinician-confirm')
    expect(words('clinician-grace')).toContain('Clinician, Nurse')
    await page.click('clinician-disable-grace')
    await page.click('clinician-confirm')
    expect(words('clinician-grace')).toContain('disabled')
  })

  test('keep the last administrator', async () => {
    await settings('clinicians')
    await page.click('clinician-change-ada')
    await page.click('role-administrator')
    await page.click('clinician-confirm')
    expect(words('clinician-fault')).toContain('last administrator')
  })

  test('change one’s own passphrase only with the one of now', async () => {
    await settings('me')
    await page.type('me-old', 'wrong')
    await page.type('me-new', 'marble otter run')
    await page.type('me-again', 'marble otter run')
    await page.enter('me-old')
    expect(words('me-passphrase-said')).toContain('do not fit')
    expect(found('me-new')).toHaveProperty('value', '')
    await page.type('me-old', ADA.passphrase)
    await page.type('me-new', 'marble otter run')
    await page.type('me-again', 'marble otter run')
    await page.enter('me-old')
    expect(words('me-passphrase-said')).toContain('holds from now on')
  })

  test('back up now, and say when', async () => {
    await settings('record')
    await page.click('back-up')
    expect(words('record-said')).toContain('14:06')
    expect(found('settings')?.querySelectorAll('tbody tr')).toHaveLength(7)
  })

  test('restore only after a word and the passphrase, and say at the sign-in what is missing', async () => {
    await settings('record')
    await page.click('restore-48132')
    const confirm = found('restore-question-confirm')
    expect(confirm).toHaveProperty('disabled', true)
    await page.type('restore-question-word', 'restore')
    expect(confirm).toHaveProperty('disabled', true)
    await page.type('restore-passphrase', ADA.passphrase)
    await page.click('restore-question-confirm')
    expect(words('lock-reason')).toContain('a backup took the place')
    expect(words('restored')).toContain('damaged/')
  })

  test('a new recovery kit is shown once, as at the first run', async () => {
    await settings('record')
    await page.click('new-kit')
    await page.click('kit-question-confirm')
    expect(found('kit-page')).not.toBeNull()
  })

  test('find entries of the audit log and prove its chain', async () => {
    await page.open('vault=ada')
    await openRosa()
    await page.click('nav-settings')
    await page.click('section-audit')
    await page.type('audit-find', 'rosa')
    expect(found('settings')?.querySelectorAll('tbody tr')).toHaveLength(1)
    expect(words('settings')).toContain('Record opened')
    await page.click('audit-verify')
    expect(words('audit-verdict')).toContain('The chain is sound')
  })

  test('name the first bad entry of the audit log', async () => {
    await settings('audit')
    vi.spyOn(page.host, 'verifyAudit').mockResolvedValue({ state: 'bad', seq: 7_411, fault: 'missing' })
    await page.click('audit-verify')
    expect(words('audit-verdict')).toContain('An entry is missing before number 7411')
  })

  test('mark what IT set', async () => {
    await settings('policy')
    expect(words('policy-export')).toContain('set by IT')
    expect(words('policy-lock.warning_s')).toContain('default')
  })
})

test('the access log of a patient says who, what and why', async () => {
  await page.open('vault=ada')
  await openRosa()
  await page.press('h')
  await page.pass(0)
  expect(words('access-log')).toContain('A. Okoro-Test')
  expect(words('access-log')).toContain('Record opened')
  expect(words('access-log')).toContain('treatment')
})

describe('axe finds nothing on', () => {
  test.each([
    ['the sign-in page', 'vault&spooled', []],
    ['the page of a keyring fault', 'vault&key=KEY-MISSING', ['sign-in-fault']],
    ['the capture page', 'vault', ['to-capture', 'capture-search']],
    ['the recovery page', 'vault', ['to-recover']],
    ['the locked screen with values by bed', 'vault=ada&watch', ['lock']],
    ['the first run', 'start=missing', []],
    ['the page of a role without patients', 'vault=ida', []],
    ['emergency access', 'vault=ida', ['break-glass']],
    ['the menu of the user', 'vault=ada&notices', ['user-menu']],
    ['clinicians', 'vault=ada', ['nav-settings', 'section-clinicians', 'clinician-add']],
    ['the record', 'vault=ada', ['nav-settings', 'section-record']],
    ['a restore', 'vault=ada', ['nav-settings', 'section-record', 'restore-48132']],
    ['the audit log', 'vault=ada', ['nav-settings', 'section-audit']],
    ['the policy', 'vault=ada', ['nav-settings', 'section-policy']],
    ['my sign-in', 'vault=ada', ['nav-settings', 'section-me']],
    ['the access log', 'vault=ada', ['patient-row-TST 4410 0187', 'access-log-open']],
  ] as [string, string, string[]][])('%s', async (_name, options, clicks) => {
    await page.open(options)
    for (const testid of clicks) await (testid === 'sign-in-fault' ? signIn('ada', ADA.passphrase) : page.click(testid))
    expect(await page.axeFindings()).toEqual([])
  })
})
