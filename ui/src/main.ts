// The beginning of the window: styles, the host, the page.
import { mount } from 'svelte'
import App from './App.svelte'
import { chooseHost } from './host/choose.ts'
import './theme/tokens.css'
import './theme/ui.css'

const target = document.getElementById('app')
if (target) mount(App, { target, props: { host: await chooseHost(new URL(location.href)) } })
