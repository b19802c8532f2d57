// The way of a record in lines, from the device to the server. Words are in text/en-sync.ts.
import type { ReceiptView } from '../../host/host.ts'
import { text } from '../../text/text.ts'
import { clockSeconds, isoDate, timeOrDate } from '../../text/time.ts'
import { fullName } from '../patients/identity.ts'
import { sizeWords } from '../vault/size.ts'

export interface ReceiptLine {
  name: string
  value: string
  /** What stands small below it. */
  under?: string
  /** Octets and ids. */
  code?: boolean
}

/** Every step that is known, in the order in which it happened. */
export function receiptLines(receipt: ReceiptView, now: number): ReceiptLine[] {
  const { record, patient, source } = receipt
  const exact = (at: number) => `${isoDate(at)} ${clockSeconds(at)}`
  const lines: ReceiptLine[] = []
  if (patient) {
    const under = `${patient.birth_date} · ${text('banner.mrn')} ${patient.record_number}`
    lines.push({ name: text('receipt.patient'), value: fullName(patient), under })
  }
  switch (source.kind) {
    case 'reading': {
      const about = [source.model, source.serial && text('receipt.serial', { serial: source.serial })]
      lines.push({ name: text('receipt.device'), value: source.device, under: about.filter(Boolean).join(' · ') })
      if (source.sequence !== null) lines.push({ name: text('receipt.sequence'), value: String(source.sequence) })
      else lines.push({ name: text('receipt.identity'), value: source.identity, code: true })
      lines.push({ name: text('receipt.measured'), value: exact(source.measured), under: text(`receipt.time.${source.time}`) })
      lines.push({ name: text('receipt.received'), value: exact(source.received) })
      const { frame } = source
      if (frame) {
        const under = text('receipt.frame.where', { characteristic: frame.characteristic, index: frame.index })
        lines.push({ name: text('receipt.frame'), value: frame.octets, under, code: true })
      } else lines.push({ name: text('receipt.frame'), value: text('receipt.frame.none') })
      break
    }
    case 'minute':
      lines.push({ name: text('receipt.device'), value: source.device })
      lines.push({ name: text('receipt.minute'), value: text('receipt.minute.value', { time: exact(source.minute), samples: source.samples }) })
      break
    case 'device':
      lines.push({ name: text('receipt.device'), value: source.device ?? text('receipt.device.console') })
      break
    case 'other':
      break
  }
  if (receipt.measured_by !== null) lines.push({ name: text('receipt.measured_by'), value: receipt.measured_by })
  const written = text('receipt.row.value', { time: exact(record.created), size: sizeWords(receipt.octets) })
  lines.push({ name: text('receipt.row'), value: written })
  lines.push(lastAnswer(receipt))
  lines.push({ name: text('receipt.resource'), value: receipt.resource, code: true })
  lines.push(atServer(receipt, now))
  if (receipt.discarded) {
    const { reason, by, at } = receipt.discarded
    const value = text('receipt.discarded.value', { time: exact(at), name: by ?? text('receipt.device.console') })
    lines.push({ name: text('receipt.discarded'), value, under: reason })
  }
  return lines
}

function atServer({ record, server }: ReceiptView, now: number): ReceiptLine {
  const name = text('receipt.server')
  if (record.state !== 'accepted') return { name, value: text('receipt.server.not_yet') }
  const value = record.answered === null ? text('receipt.server.accepted_some_time') : text('receipt.server.accepted', { time: timeOrDate(record.answered, now) })
  if (!server) return { name, value }
  const version = server.version === null ? '' : text('receipt.server.version', { version: server.version })
  const stored = server.modified === null ? '' : text('receipt.server.stored', { time: `${isoDate(server.modified)} ${clockSeconds(server.modified)}` })
  return { name, value, under: [server.id, version, stored].filter(Boolean).join(' · ') }
}

function lastAnswer({ record }: ReceiptView): ReceiptLine {
  const name = text('receipt.answer')
  if (record.answered === null) return { name, value: text('receipt.answer.none') }
  const time = clockSeconds(record.answered)
  const value = text('receipt.answer.value', { status: record.answer_status ?? 0, time, number: record.attempts })
  return record.answer ? { name, value, under: record.answer } : { name, value }
}
