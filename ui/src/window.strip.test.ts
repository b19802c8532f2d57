// Marking what the strips just showed, on the whole window: by hand and by key, and who may.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TestWindow } from './testing/window.ts'

const page = new TestWindow()
const { found } = page
const name = () => found('mark-electrocardiogram')?.getAttribute('aria-label')

beforeEach(() => page.begin())
afterEach(() => page.end())

async function openBedside(options = 'vault=ada'): Promise<void> {
  await page.open(options)
  await page.click('patient-row-TST 4410 0187')
}

test('a strip is marked for the clinic, and the button says so for a moment', async () => {
  await openBedside()
  const marked = vi.spyOn(page.host, 'markStrip')
  await page.click('mark-electrocardiogram')
  expect(marked).toHaveBeenCalledWith('p-rosa', 'electrocardiogram', 20)
  expect(name()).toBe('Marked for the clinic')
  expect(found('mark-electrocardiogram')?.hasAttribute('disabled')).toBe(true)
  await page.pass(4_100)
  expect(name()).toBe('Mark the last 20 s for the clinic')
})

test('the key M marks, too', async () => {
  await openBedside()
  const marked = vi.spyOn(page.host, 'markStrip')
  await page.press('m')
  expect(marked).toHaveBeenCalled()
})
