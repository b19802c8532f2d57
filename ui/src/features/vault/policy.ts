// A line of the policy as a person reads it: the name of the setting, and its value with its unit.
// Not here: which lines there are (the host's), and where they are shown.
import { isTextKey, text } from '../../text/text.ts'

/** The name of a setting; one that this window does not know by words is named as in the file. */
export const settingWords = (name: string): string =>
  isTextKey(`policy.${name}`) ? text(`policy.${name}` as 'policy.export') : name

/** Its value. The host sends it as JSON writes it. */
export function valueWords(name: string, value: string): string {
  switch (value) {
    case 'null':
      return text('policy.value.none')
    case 'true':
      return text('policy.value.on')
    case 'false':
      return text('policy.value.off')
  }
  if (/^\d+$/.test(value)) return amount(name, Number(value))
  return /^".*"$/.test(value) ? String(JSON.parse(value)) : value
}

function amount(name: string, count: number): string {
  if (name.endsWith('_s')) {
    if (count % 3600 === 0) return text('policy.value.hours', { count: count / 3600 })
    if (count % 60 === 0) return text('policy.value.minutes', { count: count / 60 })
    return text('policy.value.seconds', { count })
  }
  if (name.endsWith('_minutes')) return text('policy.value.minutes', { count })
  if (name.endsWith('_hours')) return text('policy.value.hours', { count })
  if (name.endsWith('_days')) return text('policy.value.days', { count })
  return String(count)
}
