// What the record has to say, most urgent first, and what can be done about each.
// Not here: where it is shown.
import type { Permission, VaultNotice } from '../../host/host.ts'
import type { IconName } from '../../kit/icons.ts'
import { text } from '../../text/text.ts'
import { timeOrDate } from '../../text/time.ts'
import { sizeWords } from './size.ts'

const HUNDRED_MEGABYTES = 100_000_000

export interface NoticeWords {
  /** Names this very notice, so that a person can say it was read. */
  key: string
  icon: IconName
  title: string
  text: string
  urgent: boolean
  /** What a button does; `seen` takes it away until the next lock. */
  action: 'back_up' | 'kit' | 'open' | 'seen' | undefined
}

const ORDER: VaultNotice['kind'][] = ['altered', 'older_copy', 'spool_unproven', 'disk_low', 'no_recovery_slot', 'backup_overdue', 'unclean_end', 'spool_filed']

/** Those that nobody has read, in their order. */
export function noticesOf(
  notices: VaultNotice[],
  read: string[],
  may: (what: Permission) => boolean,
  now: number,
): NoticeWords[] {
  return [...notices]
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
    .map((notice) => wordsOf(notice, may('keep_vault'), now))
    .filter(({ key }) => !read.includes(key))
}

function wordsOf(notice: VaultNotice, keeper: boolean, now: number): NoticeWords {
  const { kind } = notice
  switch (kind) {
    case 'older_copy':
      return words(notice, 'warning', text('vault.older_copy.text', { count: notice.missing_commits }), true, keeper ? 'open' : undefined)
    case 'altered':
      return words(notice, 'warning', text('vault.altered.text', { what: notice.what }), true, keeper ? 'open' : undefined)
    case 'disk_low': {
      const urgent = notice.free_octets < HUNDRED_MEGABYTES
      const title = text('vault.disk_low.title', { free: sizeWords(notice.free_octets) })
      // The number changes all the time; that it is low is one notice.
      const key = `disk_low ${urgent}`
      return { key, icon: 'disk', title, text: text(urgent ? 'vault.disk_low.urgent' : 'vault.disk_low.text'), urgent, action: urgent ? undefined : 'seen' }
    }
    case 'backup_overdue': {
      const title =
        notice.last === null ? text('vault.backup_overdue.never') : text('vault.backup_overdue.title', { time: timeOrDate(notice.last, now) })
      return { key: kind, icon: 'disk', title, text: text('vault.backup_overdue.text'), urgent: false, action: keeper ? 'back_up' : undefined }
    }
    case 'no_recovery_slot':
      return words(notice, 'key', text('vault.no_recovery_slot.text'), false, keeper ? 'kit' : undefined)
    case 'spool_filed': {
      const title = text('vault.spool_filed.title')
      return { key: `${kind} ${notice.batches}`, icon: 'inbox', title, text: text('vault.spool_filed.text'), urgent: false, action: 'seen' }
    }
    case 'spool_unproven': {
      const title = text('vault.spool_unproven.title', { count: notice.records })
      const said = text('vault.spool_unproven.text', { refused: notice.refused })
      return { key: `${kind} ${notice.records} ${notice.refused}`, icon: 'warning', title, text: said, urgent: true, action: 'seen' }
    }
    case 'unclean_end':
      return words(notice, 'clock', text('vault.unclean_end.text'), false, 'seen')
  }
}

const words = (
  { kind }: { kind: 'older_copy' | 'altered' | 'no_recovery_slot' | 'unclean_end' },
  icon: IconName,
  said: string,
  urgent: boolean,
  action: NoticeWords['action'],
): NoticeWords => ({ key: kind, icon, title: text(`vault.${kind}.title`), text: said, urgent, action })

