// Sizes of files as a person reads them.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** `512 B`, `8.4 MB`, `120 GB`. */
export function sizeWords(octets: number): string {
  let [value, unit] = [octets, 0]
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`
}
