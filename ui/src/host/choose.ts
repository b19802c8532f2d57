// Decides which host stands behind the door: the application's, or in a plain browser the simulated bedside.
import type { Host } from './host.ts'
import { insideApplication, tauriHost } from './tauri.ts'

/** The simulated bedside is part of development and of `--mode browser` builds; the application's build has none of it. */
export async function chooseHost(address: URL): Promise<Host> {
  if (insideApplication()) return tauriHost
  if (import.meta.env.MODE === 'production') throw new Error('Bedside runs only inside its application.')
  const { simulatedHost } = await import('./simulated.ts')
  return simulatedHost(address.searchParams)
}
