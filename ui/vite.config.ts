// How the window is built and tested. Nothing here knows the host: `src/host/choose.ts` decides it when it runs.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const project = fileURLToPath(new URL('..', import.meta.url))

export default defineConfig({
  plugins: [svelte()],
  // The bundled font lies in the project's assets, outside this folder.
  server: { port: 1420, strictPort: true, fs: { allow: [project] } },
  preview: { port: 1421, strictPort: true },
  build: {
    target: 'es2023',
    outDir: 'dist',
    // A strict content security policy admits no data URLs for fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: { environment: 'jsdom', include: ['src/**/*.test.ts'], setupFiles: ['src/test-setup.ts'], testTimeout: 60_000 },
})
