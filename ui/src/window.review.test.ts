// The readings of a chart on the whole window: the list, a reading with its versions, correcting, rejecting and confirming, and who
// may.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { TestWindow } from './testing/window.ts'

const page = new TestWindow()
const { found, words } = page
const click = (testid: string) => page.click(testid)
const press = (key: string) => page.press(key)
const FIRST = 'reading-p-rosa-blood_pressure-0'
const HOT = 'reading-p-rosa-body_temperature-8'

beforeEach(() => page.begin())
afterEach(() => page.end())

async function openReview(options = 'vault=ada'): Promise<void> {
  await page.open(options)
  await click('patient-row-TST 4410 0187')
  await click('readings-open')
}

async function choose(kind: string): Promise<void> {
  const select = found('review-kind')
  if (!(select instanceof HTMLSelectElement)) throw new Error('no choice of kinds')
  select.value = kind
  select.dispatchEvent(new Event('change', { bubbles: true }))
  await page.pass(0)
}

const rows = () => [...(found('reading-list')?.querySelectorAll('li button') ?? [])].map((row) => row.getAttribute('data-testid'))

describe('the readings of a patient', () => {
  test('stand with value, unit, time, age, device and state, newest first', async () => {
    await openReview()
    expect(words(FIRST)).toContain('128/74 mmHg')
    expect(words(FIRST)).toContain('recent 4 min')
    expect(words(FIRST)).toContain('Arm cuff C3 as measured waiting to be sent')
    expect(words('reading-p-rosa-blood_pressure-3')).toContain('rejected')
    expect(rows()[0]).toBe(FIRST)
  })

  test('are filtered by kind, and those that need a person stand together', async () => {
    await openReview()
    await choose('body_temperature')
    expect(rows().every((row) => row?.includes('body_temperature'))).toBe(true)
    await choose('needs_review')
    expect(rows()).toEqual([HOT])
    expect(words('reading-filed')).toBe('needs review')
  })

  test('are chosen with the keys', async () => {
    await openReview()
    expect(words('reading-value')).toContain('128/74')
    await press('ArrowDown')
    expect(words('reading-value')).toContain('37.4')
    await press('ArrowUp')
    expect(words('reading-value')).toContain('128/74')
    found(FIRST)?.focus()
    await press('ArrowDown')
    expect(document.activeElement?.getAttribute('data-testid')).toBe(rows()[1])
  })

  test('show every version with author, time and reason', async () => {
    await openReview()
    await click('reading-p-rosa-body_temperature-2')
    const versions = words('reading-versions')
    expect(versions).toContain('Measured by Thermometer T2 41.9 °C')
    expect(versions).toContain('Corrected by A. Okoro-Test 37.9 °C')
    expect(versions).toContain('read again by hand')
  })

  test('of a silent console show no value, and nothing can be said of one', async () => {
    await openReview()
    await page.host.demo({ action: 'halt_console' })
    await page.pass(3_000)
    expect(words('reading-list')).not.toContain('128/74')
    expect(words('reading-value')).not.toContain('128/74')
    expect((found('correct-open') as HTMLButtonElement).disabled).toBe(true)
  })

  test('that came meanwhile take nobody’s eyes off the one that is looked at', async () => {
    await openReview()
    const charted = page.host.charted.bind(page.host)
    vi.spyOn(page.host, 'charted').mockImplementation(async (patient, limit) => {
      const view = await charted(patient, limit)
      return { ...view, readings: [...view.readings.slice(1, 2).map((one) => ({ ...one, id: 'newer' })), ...view.readings] }
    })
    await page.pass(5_000)
    expect(rows()[0]).toBe('reading-newer')
    expect(words('reading-value')).toContain('128/74')
    await press('x')
    expect(words('reject-dialog')).toContain('128/74')
  })

  test('that are filed while they are looked at are not replaced by the next one', async () => {
    await openReview()
    await choose('needs_review')
    await press('k')
    await page.type('correct-value', '37,2')
    await page.type('correct-reason', 'Display misread')
    await click('correct-confirm')
    await page.pass(100)
    expect(rows()).toEqual([])
    expect(words('reading-standing')).toBe('corrected')
    expect(words('reading-value')).toContain('37.2')
  })

  test('that cannot be read at all are no empty page', async () => {
    await page.open('vault=ada')
    vi.spyOn(page.host, 'charted').mockRejectedValue(new Error('damaged'))
    await click('patient-row-TST 4410 0187')
    await click('readings-open')
    expect(words('review-unread')).toContain('cannot be read now')
  })

  test.each(['fail', 'hang'])('that cannot be read again are not shown as recent for ever (%s)', async (how) => {
    await openReview()
    const asked = vi.spyOn(page.host, 'charted')
    asked.mockImplementation(() => (how === 'fail' ? Promise.reject(new Error('damaged')) : new Promise(() => undefined)))
    await page.pass(10_000)
    expect(words(FIRST)).toContain('128/74')
    await page.pass(10_000)
    expect(document.documentElement.outerHTML).not.toContain('128/74')
    expect(words('review-unread')).toContain('cannot be read now')
    asked.mockRestore()
    await page.pass(5_000)
    expect(words(FIRST)).toContain('128/74')
    expect(words('reading-value')).toContain('128/74')
    expect(found('review-unread')).toBeNull()
  })

  test('of one patient are never those of another', async () => {
    await openReview()
    await page.host.openPatient('p-ruth')
    await page.pass(0)
    expect(rows().some((row) => row?.includes('p-rosa'))).toBe(false)
    await page.pass(500)
    expect(words('reading-list')).toContain('Glucose meter G1')
  })
})

describe('a correction', () => {
  test('needs a number and a reason, and is a new version', async () => {
    await openReview()
    await click(HOT)
    await press('k')
    await click('correct-confirm')
    expect(found('correct-value-fault')).not.toBeNull()
    expect(found('correct-reason-fault')).not.toBeNull()
    await page.type('correct-value', '37,2')
    await page.type('correct-reason', 'Display misread')
    await click('correct-confirm')
    await page.pass(100)
    expect(found('correct-dialog')).toBeNull()
    expect(words('review-said')).toContain('Corrected')
    expect(words('reading-standing')).toBe('corrected')
    expect(words('reading-value')).toContain('37.2')
    expect(words('reading-versions')).toContain('Corrected by A. Okoro-Test 37.2 °C')
    expect(words('reading-filed')).toBe('waiting to be sent')
  })

  test('that no person can have is refused beside the value, and what was typed stays', async () => {
    await openReview()
    await click(HOT)
    await click('correct-open')
    await page.type('correct-value', '88')
    await page.type('correct-reason', 'Display misread')
    await click('correct-confirm')
    await page.pass(100)
    expect(words('correct-value-fault')).toBe('A person cannot have this: 13 to 47 °C can be.')
    expect((found('correct-value') as HTMLInputElement).value).toBe('88')
    expect(words('reading-standing')).toBe('as measured')
  })

  test('of a pressure has its three numbers', async () => {
    await openReview()
    await click('correct-open')
    await page.type('correct-value', '118')
    await page.type('correct-diastolic', '72')
    await page.type('correct-reason', 'Cuff moved')
    const asked = vi.spyOn(page.host, 'correctReading')
    await click('correct-confirm')
    await page.pass(100)
    const value = { kind: 'pressures', systolic: '118', diastolic: '72', mean: null, unit: 'mm[Hg]' }
    expect(asked).toHaveBeenCalledWith('p-rosa-blood_pressure-0', value, 'Cuff moved')
    expect(words('reading-value')).toContain('118/72')
  })
})

describe('a rejection', () => {
  test('asks for a reason and then once more, and the reading stays, struck through', async () => {
    await openReview()
    await press('x')
    await click('reject-next')
    expect(found('reject-reason-fault')).not.toBeNull()
    await page.type('reject-reason', 'Wrong arm')
    await click('reject-next')
    expect(words('reject-dialog')).toContain('Reason: Wrong arm')
    expect(words('reject-dialog')).toContain('MRN TST 4410 0187')
    await click('reject-confirm')
    await page.pass(100)
    expect(words('reading-standing')).toBe('rejected')
    expect(words('reading-filed')).toBe('not sent')
    expect(words(FIRST)).toContain('128/74')
    expect((found('reject-open') as HTMLButtonElement).disabled).toBe(true)
  })

  test('that was refused can be tried again with another reason', async () => {
    await openReview()
    await press('x')
    await page.type('reject-reason', 'Wrong arm')
    await click('reject-next')
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Reject this reading?')
    vi.spyOn(page.host, 'rejectReading').mockRejectedValueOnce(new Error('full'))
    await click('reject-confirm')
    await page.pass(100)
    await page.type('reject-reason', 'Wrong arm, cuff too small')
    await click('reject-next')
    await click('reject-confirm')
    await page.pass(100)
    expect(words('reading-versions')).toContain('cuff too small')
  })

  test('is left by Escape without anything said', async () => {
    await openReview()
    const asked = vi.spyOn(page.host, 'rejectReading')
    await click('reject-open')
    await click('reject-cancel')
    expect(found('reject-dialog')).toBeNull()
    expect(asked).not.toHaveBeenCalled()
  })
})

describe('a confirmation', () => {
  const reviewed = 'vault=ada&reviewed'
  const OLDER = 'reading-p-rosa-blood_pressure-1'

  test('is asked for where the clinic wants it, and the words and the list say so', async () => {
    await openReview(reviewed)
    expect(words(FIRST)).toContain('to be confirmed waiting to be sent')
    expect(words(OLDER)).toContain('to be confirmed sent as preliminary')
    expect(words('reading-standing')).toBe('to be confirmed')
    await choose('needs_review')
    expect(rows()).toContain(FIRST)
    expect(rows()).toContain(HOT)
    expect(rows()).not.toContain('reading-p-rosa-blood_pressure-3')
  })

  test('names the reading and its patient, and is a new version without a reason', async () => {
    await openReview(reviewed)
    await click(OLDER)
    await press('f')
    expect(words('confirm-dialog')).toContain('131/78')
    expect(words('confirm-dialog')).toContain('MRN TST 4410 0187')
    await click('confirm-confirm')
    await page.pass(100)
    expect(found('confirm-dialog')).toBeNull()
    expect(words('review-said')).toContain('Confirmed')
    expect(words('reading-standing')).toBe('confirmed')
    expect(words('reading-filed')).toBe('waiting to be sent')
    expect(words('reading-value')).toContain('131/78')
    expect(words('reading-versions')).toContain('Confirmed by A. Okoro-Test')
    expect(found('confirm-open')).toBeNull()
    await click(FIRST)
    await click('reject-open')
    expect(words('reject-dialog')).toContain('128/74')
  })

  test('that is refused says why, and nothing was said', async () => {
    await openReview(reviewed)
    await click('confirm-open')
    vi.spyOn(page.host, 'confirmReading').mockRejectedValueOnce(new Error('full'))
    await click('confirm-confirm')
    await page.pass(100)
    expect(words('confirm-dialog')).toContain('128/74')
    expect(found('confirm-dialog')?.querySelector('[role=alert]')?.textContent).toContain('UI-INTERNAL')
    await click('confirm-cancel')
    expect(words('reading-standing')).toBe('to be confirmed')
  })

  test('that is under way is neither left nor said twice', async () => {
    await openReview(reviewed)
    await click('confirm-open')
    const asked = vi.spyOn(page.host, 'confirmReading').mockImplementation(() => new Promise(() => undefined))
    await click('confirm-confirm')
    await click('confirm-confirm')
    found('confirm-dialog')?.closest('dialog')?.dispatchEvent(new Event('cancel', { cancelable: true }))
    await page.pass(0)
    expect(words('confirm-confirm')).toBe('Saving…')
    expect(words('confirm-dialog')).toContain('128/74')
    expect(asked).toHaveBeenCalledTimes(1)
  })

  test('is not taken while the console is silent', async () => {
    await openReview(reviewed)
    await click('confirm-open')
    await page.host.demo({ action: 'halt_console' })
    await page.pass(3_000)
    expect((found('confirm-confirm') as HTMLButtonElement).disabled).toBe(true)
  })

  test('is not asked for of a reading that was corrected, nor where the clinic wants none', async () => {
    await openReview(reviewed)
    await press('k')
    await page.type('correct-value', '118')
    await page.type('correct-diastolic', '72')
    await page.type('correct-reason', 'Cuff moved')
    await click('correct-confirm')
    await page.pass(100)
    expect(words('reading-standing')).toBe('corrected')
    expect(found('confirm-open')).toBeNull()
    await page.end()
    page.begin()
    await openReview()
    expect(found('confirm-open')).toBeNull()
    await expect(page.host.confirmReading('p-rosa-blood_pressure-0')).rejects.toMatchObject({ code: 'REVIEW-CONFIRMED' })
  })
})

test('whoever may not review sees the readings and is told what it needs', async () => {
  await openReview('vault=ben')
  expect(words(FIRST)).toContain('128/74')
  expect(found('correct-open')).toBeNull()
  expect(words('review-denied')).toContain('needs the role')
})

test('a lock closes the question and leaves nothing of the reading', async () => {
  await openReview()
  await click('correct-open')
  await page.pass(301_000)
  expect(found('locked-page')).not.toBeNull()
  expect(document.documentElement.outerHTML).not.toContain('128/74')
})

test.each([
  ['vault=ada', []],
  ['vault=ada', ['correct-open']],
  ['vault=ada', ['reject-open']],
  ['vault=ada&reviewed', ['confirm-open']],
] as [string, string[]][])('axe finds nothing to say about the page of %s after %o', async (options, clicks) => {
  await openReview(options)
  for (const testid of clicks) await click(testid)
  expect(await page.axeFindings()).toEqual([])
})
