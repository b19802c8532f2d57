// The drawings of all icons, on a grid of 24, as strokes. `solid` parts are filled.
// Where an icon is used decides its words; none is ever alone.
interface Drawing {
  d: string
  solid?: string
}

const ring = 'M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0'

export const icons = {
  patients: { d: 'M5.5 8a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0M2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 5.2a3.5 3.5 0 0 1 0 6.6M18 14.5c2 .8 3.2 2.7 3.5 5.5' },
  pulse: { d: 'M2 13h4l2-5 4 11 3-8 1.5 2H22' },
  trends: { d: 'M3 3v18h18M7 15l4-5 3 3 6-7' },
  devices: { d: 'M10 12a2 2 0 1 0 4 0a2 2 0 1 0-4 0M8 8a5.7 5.7 0 0 0 0 8M16 8a5.7 5.7 0 0 1 0 8M5 5a10 10 0 0 0 0 14M19 5a10 10 0 0 1 0 14' },
  sync: { d: 'M4 11a8 8 0 0 1 14-4l2 2M20 4v5h-5M20 13a8 8 0 0 1-14 4l-2-2M4 20v-5h5' },
  warning: { d: 'M12 4L2.5 20h19zM12 10v5M12 17.5v.1' },
  info: { d: `${ring}M12 11v5M12 8v.1` },
  recording: { d: ring, solid: 'M8 12a4 4 0 1 0 8 0a4 4 0 1 0-8 0' },
  notRecording: { d: `${ring}M5.6 5.6l12.8 12.8` },
  strap: { d: 'M2 12h5l2-4 3 8 2-4h8' },
  finger: { d: 'M8 21V8a4 4 0 0 1 8 0v13M8 14h8' },
  cuff: { d: 'M5 7h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2M16 12h2a3 3 0 0 1 3 3v4M7 7v10M12 7v10' },
  thermometer: { d: 'M10 14V5a2 2 0 0 1 4 0v9a4 4 0 1 1-4 0zM12 10v7' },
  drop: { d: 'M12 3c4 5 6 7.500 6 11a6 6 0 0 1-12 0c0-3.500 2-6 6-11z' },
  scale: { d: 'M5 4h14a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2M8 10a4 4 0 0 1 8 0zM12 10l1.500-2' },
  unknown: { d: `${ring}M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5v.1` },
  link: { d: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1' },
  unlink: { d: 'M13 5.5a4 4 0 0 1 6 5.5l-2 2M11 18.5a4 4 0 0 1-6-5.5l2-2M4 4l16 16' },
  waits: { d: 'M12 3.5a8.500 8.500 0 0 1 3 .55M18 6a8.500 8.500 0 0 1 2 3M20.500 12a8.500 8.500 0 0 1-.6 3M18 18a8.500 8.500 0 0 1-3 2M12 20.500a8.500 8.500 0 0 1-3-.6M6 18a8.500 8.500 0 0 1-2-3M3.500 12a8.500 8.500 0 0 1 .6-3M6 6a8.500 8.500 0 0 1 3-2' },
  clock: { d: `${ring}M12 7v5l3.5 2` },
  waiting: { d: ring },
  sending: { d: `${ring}M12 16V8M8.5 11.5L12 8l3.5 3.5` },
  accepted: { d: `${ring}M8 12.5l3 3 5.5-6` },
  refused: { d: `${ring}M9 9l6 6M15 9l-6 6` },
  held: { d: `${ring}M10 9v6M14 9v6` },
  search: { d: 'M4.5 11a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0M16 16l5 5' },
  add: { d: 'M12 5v14M5 12h14' },
  close: { d: 'M6 6l12 12M18 6L6 18' },
  onward: { d: 'M9 6l6 6-6 6' },
  check: { d: 'M4 12.5l5 5L20 6.5' },
  lock: { d: 'M7 11h10a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2v-5a2 2 0 0 1 2-2M8 11V8a4 4 0 0 1 8 0v3' },
  colours: { d: `${ring}`, solid: 'M12 3a9 9 0 0 1 0 18z' },
  inbox: { d: 'M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7' },
  triangle: { d: 'M12 3.5L2 20.5h20z', solid: 'M12 3.5L2 20.5h20z' },
} satisfies Record<string, Drawing>

export type IconName = keyof typeof icons
