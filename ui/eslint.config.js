// The rules of the window: types, Svelte, and who may import whom.
// Layers: kit (no domain) < features/<domain> < views < App; host/tauri.ts alone knows Tauri.
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import ts from 'typescript-eslint'
import svelteConfig from './svelte.config.js'

const tauri = { group: ['@tauri-apps/*'], message: 'Only host/tauri.ts talks to Tauri.' }
const upward = (...layers) => ({
  group: layers.map((layer) => `**/${layer}/**`),
  message: 'This layer must not know the ones above it.',
})
const boundary = (files, ...patterns) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [tauri, ...patterns] }] },
})

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'src/host/bindings.ts'] },
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  { files: ['*.js', 'vite.config.ts', '**/*.test.ts'], languageOptions: { globals: { ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    rules: {
      'svelte/no-at-html-tags': 'error',
      // A style attribute in markup is refused by the content security policy; `style:` directives are not.
      'svelte/no-inline-styles': ['error', { allowTransitions: false }],
    },
  },
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  boundary(['src/**']),
  boundary(['src/kit/**'], upward('features', 'views', 'state', 'host', 'text')),
  boundary(['src/text/**'], upward('features', 'views', 'state', 'kit')),
  boundary(['src/host/**'], upward('features', 'views', 'state', 'kit', 'text')),
  boundary(['src/state/**'], upward('features', 'views')),
  boundary(['src/features/**'], upward('views')),
  { files: ['src/host/tauri.ts'], rules: { 'no-restricted-imports': 'off' } },
)
