// What the window tells of the record itself: notices, a lost list of people, changes that were set aside.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SIMULATED_KIT } from './host/simulated/vault.ts'
import { TestWindow } from './testing/window.ts'

const page = new TestWindow()
const { found, words } = page

beforeEach(() => page.begin())
afterEach(() => page.end())

describe('notices about the record', () => {
  test('stand on every page, two at once and the most urgent first, each with what to do', async () => {
    await page.open('vault=ada&notices')
    expect(words('vault-notice-older_copy')).toContain('214 commits')
    expect(found('vault-notice-disk_low')).not.toBeNull()
    expect(found('vault-notice-backup_overdue')).toBeNull()
    await page.click('vault-notice-act-disk_low')
    await page.click('vault-notice-act-no_recovery_slot')
    expect(found('new-kit')).not.toBeNull()
  })
})

describe('a record whose list of people is lost', () => {
  test('says so, names its newest backup, and comes back by a passphrase', async () => {
    await page.open('start=slots_lost&vault')
    expect(words('slots-lost')).toContain('The list of who may open this record is lost')
    expect(words('lost-backup')).toBe('Newest backup: 12 min old. Backups found: 6.')
    await page.click('lost-user-ada')
    await page.type('lost-passphrase', 'something else')
    await page.enter('lost-passphrase')
    expect(words('lost-fault')).toContain('SECRET-WRONG')
    await page.type('lost-passphrase', 'plover anchor tin')
    await page.enter('lost-passphrase')
    await page.pass(500)
    expect(found('closed-page')).not.toBeNull()
    expect(words('restored')).toContain('is the record now')
  })

  test('comes back by the kit, and a mistyped group is named before anything is asked', async () => {
    await page.open('start=slots_lost&vault')
    await page.click('lost-to-kit')
    const asked = vi.spyOn(page.host, 'restoreByKit')
    await page.type('kit-group-1', SIMULATED_KIT.replace('7K2QH', '7K2QJ'))
    await page.enter('kit-group-1')
    expect(words('kit-wrong')).toContain('Group 1 is mistyped')
    expect(asked).not.toHaveBeenCalled()
    await page.type('kit-group-1', SIMULATED_KIT)
    await page.enter('kit-group-1')
    await page.pass(500)
    expect(asked).toHaveBeenCalledWith(SIMULATED_KIT)
    expect(words('restored')).toContain('is the record now')
  })

  test('gives axe nothing to say', async () => {
    await page.open('start=slots_lost&vault')
    expect(await page.axeFindings()).toEqual([])
  })
})

test('changes that the record set aside are told with what can be done', async () => {
  await page.open('vault=ida&unwritable')
  await page.click('nav-settings')
  await page.click('section-record')
  expect(words('record-unwritable')).toContain('Changes set aside: 3.')
})
