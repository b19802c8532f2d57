// The sync page on the whole window: every state it can be in, what is done about a record that needs a person, and signing out.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HostError } from './host/host.ts'
import { TestWindow } from './testing/window.ts'

const page = new TestWindow()
const { found } = page
/** Words of an element; the narrow space that sets digits apart reads as any other. */
const words = (testid: string) => page.words(testid)
const click = (testid: string) => page.click(testid)
const press = (key: string) => page.press(key)

beforeEach(() => page.begin())
afterEach(() => page.end())

async function openSync(scene: string, user = 'ada'): Promise<void> {
  await page.open(`vault=${user}&sync=${scene}`)
  await click('nav-sync')
  await page.pass(10)
}

const numbers = () => ['waiting', 'sending', 'accepted', 'refused', 'held'].map((state) => words(`sync-number-${state}`))

describe('the sync page says', () => {
  test('that there is nothing to send yet', async () => {
    await openSync('empty')
    expect(numbers()).toEqual(['0', '0', '0', '0', '0'])
    expect(words('sync-server')).toContain('Nothing was sent yet.')
    expect(found('sync-nothing')).not.toBeNull()
    expect(words('sync-panel')).toContain('Patient list none yet')
  })

  test('that everything is accepted only when nothing is open', async () => {
    await openSync('done')
    expect(words('sync-all-done')).toContain('Everything is accepted')
    expect(words('sync-chip')).toContain('all accepted')
  })

  test('that what was put away is not accepted, once nothing waits', async () => {
    await openSync('put_away')
    expect(found('sync-all-done')).toBeNull()
    expect(words('sync-put-away')).toContain('Nothing waits')
    expect(words('sync-put-away')).toContain('Put away: 1')
    expect(words('sync-chip')).toContain('nothing waits, 1 put away')
    expect(words('sync-chip')).not.toContain('all accepted')
    await press('a')
    await press('s')
    expect(words('sync-none-put-away')).toContain('Nothing is put away')
    expect(found('sync-all-done')).toBeNull()
  })

  test('how long the server has not been reached, and never that anything is lost', async () => {
    await openSync('offline')
    expect(words('sync-server')).toContain('The server has not taken records since 2026-03-17 07:06.')
    expect(words('sync-server')).toContain('Everything is kept here')
    expect(words('sync-server')).toContain('SERVER-UNREACHABLE')
    expect(words('sync-panel')).toContain('Last try 14:02')
    expect(words('sync-panel')).toContain('Last success 2026-03-17 07:06')
    expect(words('sync-panel')).toContain('Patient list of 2026-03-17 07:06 (31 h ago)')
  })

  test('how far sending is, in records and octets', async () => {
    await openSync('sending')
    expect(words('sync-server')).toContain('Sending: 3 120 of 5 000 records.')
    expect(words('sync-server')).toContain('5.4 MB of 8.7 MB')
    expect(found('sync-server')?.querySelector('progress')?.value).toBe(3120)
    expect(words('sync-chip')).toContain('3 120 of 5 000 sent')
  })

  test('that whoever measured has to sign in at the server, and opens the browser for it', async () => {
    await openSync('sign_in')
    expect(words('sync-server')).toContain('6 waiting: each goes when whoever measured it signs in')
    expect(words('sync-chip')).toContain('sign in to send')
    await press('i')
    expect(words('sync-server')).toContain('Sign in in the browser window')
    await press('n')
    expect(words('sync-server')).toContain('Sign in at the clinic’s server')
  })

  test('that the server does not allow it, with what IT needs', async () => {
    await openSync('permission')
    expect(words('sync-server')).toContain('Call IT')
    expect(words('sync-server')).toContain('SERVER-PERMISSION')
    expect(words('sync-panel')).toContain('A. Okoro-Test until 21:06')
  })

  test('that nothing is sent to a server of another version, when it is asked again, and what IT needs', async () => {
    await openSync('unfit')
    expect(words('sync-server')).toContain('This server cannot take records as they are sent.')
    expect(words('sync-server')).toContain('SERVER-UNFIT, the server speaks FHIR 5.0.0; expected 4.0.1')
    expect(words('sync-findings')).toContain('It speaks FHIR 5.0.0 and not 4.0.1. Nothing is sent. Call IT.')
  })

  test('that the server’s clock is off, and which way', async () => {
    await openSync('skew')
    expect(words('sync-skew')).toContain('The server’s clock is 14 min behind this computer’s.')
  })

  test('what the server does otherwise, in words', async () => {
    await openSync('findings')
    expect(words('sync-findings')).toContain('It takes at most 50 entries at once.')
    expect(words('sync-findings')).toContain('It refuses client ids')
    expect(words('sync-panel')).toContain('Signed in this computer until 14:46')
  })

  test('that octets cost, and takes it back', async () => {
    await openSync('metered')
    expect(words('sync-panel')).toContain('On: waveforms wait.')
    await press('m')
    expect(words('sync-panel')).toContain('Off: everything goes.')
  })
})

describe('a refused record', () => {
  test('stands first with the server’s words, and can be sent again by a key', async () => {
    await openSync('refused')
    expect(found('record-r-refused')?.closest('tbody')?.firstElementChild).toBe(found('record-r-refused'))
    expect(words('record-r-refused')).toContain('HTTP 422, business-rule at Observation.encounter: the visit is closed, try 1 at 13:38:32')
    await press('s')
    expect(found('record-r-refused')?.dataset['state']).toBe('waiting')
  })

  test('shows its way from the number on the device to the id at the server', async () => {
    await openSync('refused')
    await press('d')
    const way = words('receipt')
    for (const step of ['ADEYEMI-TEST, Rosa', 'Thermometer T2', 'Number on the device 212', '1e 80 00 4a', '2A35, value 4', 'Observation/a3b9c2d4', 'not acknowledged yet']) {
      expect(way).toContain(step)
    }
  })

  test('is saved as a file that a person chooses', async () => {
    await openSync('refused')
    await press('d')
    await press('e')
    expect(words('receipt')).toContain('Saved.')
  })

  test('that nobody chose a place for is not said to be saved', async () => {
    await openSync('refused')
    vi.spyOn(page.host, 'exportRecord').mockResolvedValue(false)
    await press('d')
    await press('e')
    expect(words('receipt')).not.toContain('Saved.')
  })

  test('is put away only with a reason, after a question, and with a choice for those that wait for it', async () => {
    await openSync('held')
    const discard = vi.spyOn(page.host, 'discardRecord')
    await press('d')
    await press('x')
    await click('discard-next')
    expect(words('discard-dialog')).toContain('3 to 200')
    await page.type('discard-reason', 'measured twice')
    const choice = found('discard-dependants') as HTMLSelectElement
    choice.value = 'discard'
    choice.dispatchEvent(new Event('change', { bubbles: true }))
    await page.enter('discard-reason')
    expect(words('discard-dialog')).toContain('Reason: measured twice')
    expect(discard).not.toHaveBeenCalled()
    await click('discard-confirm')
    await page.pass(10)
    expect(discard).toHaveBeenCalledWith('r-refused', 'measured twice', true)
    expect(numbers()).toEqual(['0', '0', '1 846', '0', '0'])
  })

  test('is not put away by a nurse', async () => {
    await openSync('refused', 'ben')
    await press('d')
    expect(found('receipt')).not.toBeNull()
    expect(found('receipt-discard')).toBeNull()
  })
})

describe('a record of which the server holds another version', () => {
  test('is compared side by side, and left for later by Escape', async () => {
    await openSync('conflict')
    expect(words('record-r-conflict')).toContain('The server holds another version.')
    await press('s')
    expect(words('conflict-dialog')).toContain('Version 3, changed 12:06')
    expect(words('conflict-dialog')).toContain('Differences: 4')
    expect(words('conflict-dialog')).toContain('Systolic blood pressure · value128 mmHg126 mmHg')
    expect(found('conflict-dialog')?.querySelector('[title="component[0].valueQuantity.value"]')).not.toBeNull()
    await press('Escape')
    expect(found('conflict-dialog')).toBeNull()
    expect(words('sync-number-refused')).toBe('1')
  })

  test('is decided only after a question', async () => {
    await openSync('conflict')
    const send = vi.spyOn(page.host, 'sendOurs')
    await press('s')
    await press('o')
    expect(send).not.toHaveBeenCalled()
    expect(document.activeElement?.getAttribute('aria-label')).toContain('Send our version?')
    await click('conflict-confirm')
    await page.pass(10)
    expect(send).toHaveBeenCalledWith('r-conflict', 'a3b9c2d4-0c53-5f6e-9a41-7d25f1c0b9e8', '3')
    expect(words('sync-number-refused')).toBe('0')
  })
})

describe('signing out', () => {
  test('counts what is refused and held first', async () => {
    await openSync('held')
    await click('user-menu')
    await click('menu-sign-out')
    expect(words('leave-dialog')).toContain('1 refused: each needs a person')
    expect(words('leave-dialog')).toContain('1 held')
    await press('Escape')
    expect(found('closed-page')).toBeNull()
    await click('user-menu')
    await click('menu-sign-out')
    await click('leave-confirm')
    expect(found('closed-page')).not.toBeNull()
  })

  test('asks nothing where no record needs a person', async () => {
    await openSync('done')
    await click('user-menu')
    await click('menu-sign-out')
    expect(found('closed-page')).not.toBeNull()
  })
})

describe('axe finds nothing on', () => {
  const scenes = ['empty', 'no_server', 'done', 'put_away', 'offline', 'sending', 'refused', 'held', 'conflict', 'sign_in', 'browser', 'permission', 'skew', 'findings', 'metered']
  test.each(scenes)('%s', async (scene) => {
    await openSync(scene)
    expect(await page.axeFindings()).toEqual([])
  })

  test.each([
    ['the way of a record', 'refused', ['details-r-refused']],
    ['the question before it is put away', 'held', ['details-r-refused', 'receipt-discard']],
    ['two versions', 'conflict', ['decide-r-conflict']],
    ['the question which of two versions holds', 'conflict', ['decide-r-conflict', 'conflict-ours']],
    ['signing out', 'held', ['user-menu', 'menu-sign-out']],
  ] as [string, string, string[]][])('%s', async (_name, scene, clicks) => {
    await openSync(scene)
    for (const testid of clicks) await click(testid)
    await page.pass(10)
    expect(await page.axeFindings()).toEqual([])
  })
})

describe('what was put away', () => {
  test('is listed with its reason, and can be sent again', async () => {
    await openSync('refused')
    await press('d')
    await press('x')
    await page.type('discard-reason', 'measured twice')
    await page.enter('discard-reason')
    await click('discard-confirm')
    await page.pass(10)
    expect(found('record-r-refused')).toBeNull()
    await press('a')
    expect(words('record-r-refused')).toContain('put away')
    await press('d')
    expect(words('receipt')).toContain('measured twice')
    await press('s')
    await press('a')
    expect(found('record-r-refused')?.dataset['state']).toBe('waiting')
  })
})

test('the way of a reading that the server has tells its id and version there', async () => {
  await page.open('vault=ada')
  await click('patient-row-TST 4410 0187')
  await click('readings-open')
  await click('reading-p-rosa-body_temperature-2')
  await press('y')
  await page.pass(10)
  expect(words('receipt')).toContain('acknowledged 14:02')
  expect(words('receipt')).toContain('version 1')
  expect(words('receipt')).toContain('A. Okoro-Test')
})

describe('the clinic’s patient list', () => {
  test('says how old it is, and is read again by a key', async () => {
    await page.open('vault=ada&sync=offline')
    expect(words('list-age')).toContain('Patient list of 2026-03-17 07:06 (31 h ago)')
    await press('r')
    expect(words('list-age')).toContain('Patient list of 14:06')
  })

  test('asks who somebody is, and decides nothing before a person does', async () => {
    await page.open('vault=ada&sync=questions')
    expect(words('identity-notice')).toContain('One patient of the server may be somebody else.')
    expect(words('at-clinic-TST 4410 0301')).toBe('who is this?')
    expect(words('at-clinic-TST 4410 0318')).toBe('left the list')
    const decide = vi.spyOn(page.host, 'decideIdentity')
    await press('q')
    expect(words('identity-dialog')).toContain('The dates of birth differ.')
    await press('k')
    expect(decide).not.toHaveBeenCalled()
    await press('Escape')
    await press('d')
    await click('identity-confirm')
    expect(decide).toHaveBeenCalledWith('srv-301', '1', 'different')
    await page.pass(10)
    expect(found('identity-notice')).toBeNull()
  })

  test('shows a question anew that changed while a person looked at it, and asks again', async () => {
    await page.open('vault=ada&sync=questions')
    await press('q')
    const [question] = await page.host.identityQuestions()
    if (!question) throw new Error('there is no question')
    const changed = { ...question, theirs: { ...question.theirs, birth_date: '1936-11-30' }, shown: '2' }
    vi.spyOn(page.host, 'identityQuestions').mockResolvedValue([changed])
    const decide = vi.spyOn(page.host, 'decideIdentity').mockImplementationOnce(async () => {
      throw new HostError({ code: 'LIST-QUESTION', text: 'error.no_such_question', detail: '' })
    })
    await press('k')
    await click('identity-confirm')
    await page.pass(10)
    expect(words('identity-dialog')).toContain('1936-11-30')
    expect(words('identity-dialog')).toContain('Look at what stands there now.')
    expect(found('identity-confirm')).toBeNull()
    expect(decide).toHaveBeenCalledTimes(1)
  })

  test('says of a patient who was made here that no orders were read', async () => {
    await page.open('vault=ada&sync=empty')
    await page.host.orders('nobody').then(({ taken }) => expect(taken).toBeNull())
  })

  test('brings orders, among them what is not to be done', async () => {
    await page.open('vault=ada')
    await click('patient-row-TST 4410 0187')
    await press('o')
    await page.pass(10)
    expect(words('orders')).toContain('do not Blood pressure on the left arm')
    expect(words('orders')).toMatch(/Ramipril 5 mg tablet ?1 tablet ?in the morning/)
  })

  test.each([
    ['with its age', 'vault=ada', []],
    ['with a question of identity', 'vault=ada&sync=questions', ['identity-open']],
    ['with orders', 'vault=ada', ['patient-row-TST 4410 0187', 'orders-open']],
  ] as [string, string, string[]][])('%s gives axe nothing to say', async (_name, options, clicks) => {
    await page.open(options)
    for (const testid of clicks) await click(testid)
    await page.pass(10)
    expect(await page.axeFindings()).toEqual([])
  })
})
