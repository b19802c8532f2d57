// Svelte's options: runes everywhere, accessibility warnings are errors (the check fails on warnings).
/** @type {import('@sveltejs/vite-plugin-svelte').SvelteConfig} */
export default { compilerOptions: { runes: true } }
