// The whole window on the simulated bedside: what a clinician sees on each page, and that axe finds nothing to say.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HostError } from './host/host.ts'
import { SimulatedWard } from './host/simulated/ward.ts'
import { TestWindow } from './testing/window.ts'

const page = new TestWindow()
const view = SimulatedWard.prototype.view
const { target, found, words } = page
const open = (options = '') => page.open(options)
const pass = (milliseconds: number) => page.pass(milliseconds)
const click = (testid: string) => page.click(testid)
const press = (key: string) => page.press(key)
const type = (testid: string, typed: string) => page.type(testid, typed)
const axeFindings = () => page.axeFindings()

beforeEach(() => page.begin())
afterEach(() => page.end())

const openRosa = () => click('patient-row-TST 4410 0187')

describe('start', () => {
  test('a locked keyring says what to do, and trying again opens the record', async () => {
    await open('start=locked')
    expect(words('start-remedy')).toContain('Unlock it')
    expect(words('start-code')).toContain('KEY-LOCKED')
    await click('start-retry')
    expect(found('patient-list')).not.toBeNull()
  })
})

describe('bedside', () => {
  test('the banner shows two identifiers and the name alert', async () => {
    await open()
    await openRosa()
    expect(words('identity-banner')).toContain('ADEYEMI-TEST, Rosa')
    expect(words('identity-banner')).toContain('1951-03-14')
    expect(words('identity-banner')).toContain('TST 4410 0187')
    expect(found('name-alert')).not.toBeNull()
  })

  test('a tile carries value, unit, limits, source, age and state', async () => {
    await open()
    await openRosa()
    const tile = found('tile-blood_pressure')
    expect(tile?.dataset.fresh).toBe('recent')
    const shown = words('tile-blood_pressure')
    for (const part of ['128/74', 'mmHg', '160', '100', 'Arm cuff C3', '4 min', 'mean 92', 'recent']) {
      expect(shown).toContain(part)
    }
  })

  test('a silenced sensor goes from live to lost, and its last value moves aside with its time', async () => {
    await open()
    await openRosa()
    expect(found('tile-heart_rate')?.dataset.fresh).toBe('live')
    await page.host.demo({ action: 'silence_device', device: 'ECG sensor E1' })
    const states = []
    for (const seconds of [8, 12, 50]) {
      await pass(seconds * 1000)
      states.push(found('tile-heart_rate')?.dataset.fresh)
    }
    expect(states).toEqual(['recent', 'stale', 'lost'])
    expect(found('tile-heart_rate')?.querySelector('[data-testid="value"]')?.textContent).toBe('--')
    expect(words('advisory-row')).toContain('no data')
  })

  test('what never came has no number', async () => {
    await open()
    await click('patient-row-TST 4410 0233')
    expect(found('tile-oxygen_saturation')?.dataset.fresh).toBe('never')
    expect(words('tile-oxygen_saturation')).toContain('no reading yet')
  })

  test('a console that falls silent takes every value from the screen', async () => {
    await open()
    await openRosa()
    await page.host.demo({ action: 'halt_console' })
    await pass(2_600)
    expect(words('notice-silent')).toContain('Console not answering')
    const shown = [...target.querySelectorAll('.tile [data-testid="value"]')].map((value) => value.textContent)
    expect(shown.length).toBeGreaterThan(3)
    expect(new Set(shown)).toEqual(new Set(['--']))
    expect(found('recording-state')?.dataset.state).toBe('unknown')
  })

  test('a full disk is said on every page', async () => {
    await open('full')
    expect(words('notice-not-recorded')).toContain('The disk is full')
    expect(found('recording-state')?.dataset.state).toBe('stalled')
  })

  test('changes that the record refuses are counted, and said to be kept', async () => {
    vi.spyOn(SimulatedWard.prototype, 'view').mockImplementation(function (this: SimulatedWard, now, access) {
      const shown = view.call(this, now, access)
      return { ...shown, recording: { ...shown.recording, unwritable: 3 } }
    })
    await open()
    expect(words('notice-unwritable')).toContain('3. They are set aside and not lost')
    vi.restoreAllMocks()
  })

  test('an interruption is shown until somebody answers it', async () => {
    await open('interrupted')
    expect(words('notice-interrupted')).toContain('Interrupted 14:02 to 14:05.')
    await click('bind-again')
    expect(found('notice-interrupted')).toBeNull()
  })
})

describe('devices', () => {
  test('nothing is bound before two identifiers were compared', async () => {
    await open()
    await openRosa()
    await click('bind-device')
    await click('search')
    await click('bind-Oximeter P3')
    const confirm = found('bind-confirm') as HTMLButtonElement
    expect(confirm.disabled).toBe(true)
    expect(words('bind-panel')).toContain('1951-03-14')
    await click('bind-compared')
    expect(confirm.disabled).toBe(false)
    await click('bind-confirm')
    await pass(1_000)
    expect(words('known-row-Oximeter P3')).toContain('ADEYEMI-TEST, Rosa')
  })

  test('unbinding asks, and leaves the binding on Escape', async () => {
    await open()
    await openRosa()
    await click('nav-devices')
    await click('unbind-Oximeter P1')
    await press('Escape')
    expect(words('known-row-Oximeter P1')).toContain('bound to')
    await click('unbind-Oximeter P1')
    await click('unbind-confirm')
    expect(words('known-row-Oximeter P1')).toContain('not bound')
  })

  /** The first bound device of the simulated bedside, which is not paired there. */
  const unpaired = () => {
    const notice = target.querySelector<HTMLElement>('[data-testid^="pairing-trouble-"]')
    return notice?.dataset.testid?.replace('pairing-trouble-', '') ?? ''
  }

  test('a device that is not paired is paired by a yes and the passkey it shows', async () => {
    await open('pairing')
    await openRosa()
    await click('nav-devices')
    await click(`pair-${unpaired()}`)
    expect(words('pairing-may_bond')).toContain('phone or app')
    await click('pairing-accept')
    expect(found('pairing-accept')).toHaveProperty('disabled', true)
    await type('pairing-passkey', '482 913')
    await click('pairing-accept')
    await pass(500)
    expect(found('pairing-enter_passkey')).toBeNull()
    expect(unpaired()).toBe('')
  })

  test('the question of a pairing says which device it is and whose bed it is at', async () => {
    await open('pairing')
    await openRosa()
    await click('nav-devices')
    await click(`pair-${unpaired()}`)
    expect(words('pairing-which')).toMatch(/^Address ends in \S+ · bed \S+/)
  })

  test('a pairing that the device forgot is forgotten here after a yes, and no sooner', async () => {
    await open('pairing=disagree')
    await openRosa()
    await click('nav-devices')
    await click(`pair-${unpaired()}`)
    expect(words('pairing-anew')).toContain('cannot be brought back')
    await click('pairing-anew-keep')
    expect(found('pairing-may_bond')).toBeNull()
    expect(words(`pairing-trouble-${unpaired()}`)).toContain('does not know')
    await click(`pair-${unpaired()}`)
    await click('pairing-anew-forget')
    expect(found('pairing-may_bond')).not.toBeNull()
  })

  test('axe finds nothing to say about the question of a pairing', async () => {
    await open('pairing')
    await openRosa()
    await click('nav-devices')
    await click(`pair-${unpaired()}`)
    await click('pairing-accept')
    expect(found('pairing-enter_passkey')).not.toBeNull()
    expect(await axeFindings()).toEqual([])
  })

  test('a question about a pairing that nobody answers is over after half a minute, and says so', async () => {
    await open('pairing')
    await openRosa()
    await click('nav-devices')
    await click(`pair-${unpaired()}`)
    expect(words('pairing-left')).toContain('30 s')
    await pass(31_000)
    expect(found('pairing-may_bond')).toBeNull()
    expect(words(`pairing-trouble-${unpaired()}`)).toContain('Nobody answered')
  })
})

describe('unassigned readings', () => {
  const METER = 'Glucose meter G1'
  const rows = (name: string) => found(`inbox-${name}`)?.querySelectorAll('tbody tr').length

  async function openDevices(): Promise<void> {
    await open()
    await openRosa()
    await click('nav-devices')
  }

  test('stand by device and user with value, unit, time, its certainty and age', async () => {
    await openDevices()
    const meter = words(`inbox-${METER}`)
    for (const part of ['10 readings', 'Blood glucose', '104 mg/dL', '2026-03-18 05:06', 'time unknown', 'lost']) {
      expect(meter).toContain(part)
    }
    expect(meter).toContain('2026-03-14 02:06, time corrected to 2026-03-18 05:06, time unknown')
    expect(meter).toContain('8 readings: measured before the device was bound')
    expect(meter).toContain('1 reading: measured while bound to ADEYEMI-TEST, Ruth')
    expect(words('inbox-Scale W1, user 2')).toContain('nobody confirmed whose user 2 is')
    expect(words('unassigned-count')).toBe('12')
  })

  test('five of a group are shown, and all on demand', async () => {
    await openDevices()
    expect(rows(METER)).toBe(5)
    await click(`inbox-all-${METER}`)
    expect(rows(METER)).toBe(10)
  })

  test('are charted for the open patient only after a question with two identifiers, device, count and span', async () => {
    await openDevices()
    const assign = vi.spyOn(page.host, 'assign')
    expect(words(`inbox-chart-${METER}`)).toContain('Chart 9 readings for ADEYEMI-TEST, Rosa · 1951-03-14 · TST 4410 0187')
    await click(`inbox-chart-${METER}`)
    expect(assign).not.toHaveBeenCalled()
    const asked = target.querySelector('dialog')?.textContent.replaceAll(/\s+/g, ' ')
    for (const part of ['Chart 9 readings of Glucose meter G1?', 'ADEYEMI-TEST, Rosa', '1951-03-14', 'TST 4410 0187']) {
      expect(asked).toContain(part)
    }
    for (const part of ['2026-03-14 13:06', '2026-03-18 05:06', 'audit log']) expect(asked).toContain(part)
    await click('inbox-confirm')
    expect(assign).toHaveBeenCalledExactlyOnceWith(Array.from({ length: 9 }, (_, index) => `u-g${index}`), 'p-rosa')
    expect(words('inbox-done')).toBe('9 readings charted for ADEYEMI-TEST, Rosa.')
    expect(words(`inbox-${METER}`)).toContain('None of these may be charted for ADEYEMI-TEST, Rosa.')
    expect(words('unassigned-count')).toBe('3')
  })

  test('are asked about by a key, and stay where they are on Escape', async () => {
    await openDevices()
    const assign = vi.spyOn(page.host, 'assign')
    await press('U')
    expect(found('inbox-question')).not.toBeNull()
    await press('Enter')
    expect(assign).not.toHaveBeenCalled()
    await press('Escape')
    expect(found('inbox-question')).toBeNull()
    expect(words('unassigned-count')).toBe('12')
  })

  test('of a user slot are charted only with the words whose slot it is', async () => {
    await openDevices()
    await click('inbox-chart-Scale W1, user 2')
    expect(target.querySelector('dialog')?.textContent).toContain('You say that user 2 of this device is ADEYEMI-TEST, Rosa.')
    expect(await axeFindings()).toEqual([])
  })

  test('cannot be charted while nobody is open or the console is silent', async () => {
    await open()
    await click('nav-devices')
    expect(found(`inbox-chart-${METER}`)).toBeNull()
    expect(words(`inbox-${METER}`)).toContain('Open a patient to chart them.')
    await click('nav-patients')
    await openRosa()
    await click('nav-devices')
    await page.host.demo({ action: 'halt_console' })
    await pass(2_600)
    expect(found(`inbox-chart-${METER}`)).toHaveProperty('disabled', true)
    expect(words(`inbox-${METER}`)).not.toContain('104')
  })

  test('that the host refuses to chart stay, and the fault says why', async () => {
    await openDevices()
    vi.spyOn(page.host, 'assign').mockRejectedValue(
      new HostError({ code: 'INBOX-OTHER-PATIENT', text: 'error.of_another_patient', detail: '' }),
    )
    await click(`inbox-chart-${METER}`)
    await click('inbox-confirm')
    expect(target.textContent).toContain('A reading is another patient’s. Nothing was charted.')
    expect(words('inbox-done')).toBe('')
    expect(rows(METER)).toBe(5)
  })
})

describe('trends', () => {
  test('a picture is asked for once, however many snapshots come, and again for another range', async () => {
    const width = vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(900)
    const height = vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(400)
    await open()
    await openRosa()
    const asked = vi.spyOn(page.host, 'trendChart').mockResolvedValue(new Uint8Array([4, 0, 4, 0]).buffer)
    await click('nav-trends')
    await pass(3_000)
    expect(asked).toHaveBeenCalledExactlyOnceWith('p-rosa', '8h', 900, 400, 'dark')
    await click('range-24h')
    expect(asked).toHaveBeenLastCalledWith('p-rosa', '24h', 900, 400, 'dark')
    width.mockRestore()
    height.mockRestore()
  })
})

describe('patients', () => {
  test('searching narrows the list and Enter opens the first', async () => {
    await open()
    await type('patient-search', 'broad')
    expect(target.querySelectorAll('[data-testid^="patient-row-"]')).toHaveLength(1)
    found('patient-search')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
    await pass(0)
    expect(words('identity-banner')).toContain('BROADLEAF-TEST, Ivo')
  })

  test('a record number that is taken is said beside its field', async () => {
    await open()
    await click('add-patient-open')
    await click('add-save')
    expect(words('add-family-fault')).toBe('This is needed.')
    await type('add-family', 'Nowhere')
    await type('add-given', 'Nora')
    await type('add-birth_date', '1980-01-02')
    await type('add-record_number', 'TST 4410 0187')
    await click('add-save')
    expect(words('add-record_number-fault')).toContain('Another patient has this record number')
    await type('add-record_number', 'TST 1')
    await click('add-save')
    expect(found('patient-row-TST 1')).not.toBeNull()
  })
})

describe('sync', () => {
  test('a refused record says why and can be sent again', async () => {
    await open()
    await click('nav-sync')
    expect(words('sync-number-refused')).toBe('1')
    expect(words('record-r-refused')).toContain('HTTP 422')
    await click('retry-r-refused')
    expect(words('sync-number-refused')).toBe('0')
    expect(found('record-r-refused')?.dataset.state).toBe('waiting')
  })
})

describe('axe finds nothing on', () => {
  test.each(['patients', 'bedside', 'review', 'trends', 'devices', 'sync', 'settings'])('%s', async (page) => {
    await open('interrupted')
    await openRosa()
    await click(`nav-${page}`)
    if (page === 'devices') await click('search')
    expect(await axeFindings()).toEqual([])
  })
})
