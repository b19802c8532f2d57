// The colours of the theme that is on, read from the page's tokens: the simulated bedside keeps none of its own.

export interface Colours {
  grid: string
  line: string
  text: string
  second: string
  third: string
  heart: string
  saturation: string
  pressure: string
  temperature: string
}

export function coloursOf(page: Document): Colours {
  const style = getComputedStyle(page.documentElement)
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim() || '#808080'
  return {
    grid: token('trace-grid'),
    line: token('line'),
    text: token('text'),
    second: token('text-2'),
    third: token('text-3'),
    heart: token('param-ecg'),
    saturation: token('param-spo2'),
    pressure: token('param-nibp'),
    temperature: token('param-temp'),
  }
}
