// Stands for the system's browser and the person before it: opens an address of the test authorization server, signs
// in, agrees, and follows the redirect back to the program that asked.
//
//   node smart-browser.mjs URL [--login NAME] [--deny] [--forged-state]
//
//   --deny          the person does not agree: the redirect says `access_denied`
//   --forged-state  the redirect comes back with another state than was sent
//
// Ends with 0 when the program that asked answered the redirect.

import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    login: { type: 'string', default: 'demo-nurse' },
    deny: { type: 'boolean', default: false },
    'forged-state': { type: 'boolean', default: false },
  },
});
const start = new URL(positionals[0]);
const redirectUri = start.searchParams.get('redirect_uri');
const MOST_HOPS = 12;

const cookies = new Map();
let next = start;
for (let hop = 0; !next.href.startsWith(redirectUri); hop += 1) {
  if (hop > MOST_HOPS) throw new Error('the authorization server sends in circles');
  let response = await open(next);
  if (response.status === 200) response = await answerPage(await response.text());
  const location = response.headers.get('location');
  if (!location) throw new Error(`expected a redirect, got ${response.status}: ${await response.text()}`);
  next = new URL(location, next);
}
if (options['forged-state']) next.searchParams.set('state', 'forged');
const back = await fetch(next);
console.log(`redirected: ${back.status}`);
process.exit(back.ok ? 0 : 1);

/** Signing in and agreeing are two pages of the same form. */
function answerPage(page) {
  if (options.deny) return open(new URL(/href="([^"]+\/abort)"/.exec(page)[1], start));
  const prompt = /name="prompt" value="(\w+)"/.exec(page)[1];
  const body = new URLSearchParams({ prompt, login: options.login, password: 'any' });
  return open(new URL(/action="([^"]+)"/.exec(page)[1], start), { method: 'POST', body });
}

async function open(url, request = {}) {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(url, { ...request, redirect: 'manual', headers: { cookie } });
  for (const line of response.headers.getSetCookie()) {
    const [pair] = line.split(';');
    const at = pair.indexOf('=');
    cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return response;
}
