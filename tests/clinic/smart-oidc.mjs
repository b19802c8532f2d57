// An authorization server for SMART on FHIR, on loopback only, for demonstrations and tests: the package
// `oidc-provider` with SMART's scopes and clients. Nothing is kept: another start knows no token of the one before.
//
//   node smart-oidc.mjs [PORT] --fhir-base URL [--token-seconds N] [--backend-key FILE] [--until-stdin-closes]
//
//   PORT            0 or none = any free port; prints `ready on http://127.0.0.1:PORT`, which is the issuer
//   --fhir-base     what access tokens are good for (their audience)
//   --token-seconds life of an access token, 300 unless told otherwise
//   --backend-key   where the private key of `console-backend` is written: PKCS #8 for FILE.pem, else a JWK
//
// Clients: `clinician-console` (public, native, PKCE, a redirect to any port of loopback) and `console-backend`
// (client credentials with a signed assertion, ES384, key `console-1`). Anybody may sign in, with any password.
//
// For tests: GET /test/seen counts what the token endpoint did, by grant type; POST /test/end-grants makes every refresh
// token worthless; POST /test/token-seconds?N changes the life of the access tokens to come.

import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { parseArgs } from 'node:util';
import Provider from 'oidc-provider';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'fhir-base': { type: 'string' },
    'token-seconds': { type: 'string', default: '300' },
    'backend-key': { type: 'string' },
    'until-stdin-closes': { type: 'boolean', default: false },
  },
});
const port = Number(positionals[0] ?? 0);
const fhirBase = options['fhir-base'];
let tokenSeconds = Number(options['token-seconds']);
if (!Number.isInteger(port) || port < 0 || port > 65535 || !fhirBase || !(tokenSeconds > 0)) {
  console.error('expected: smart-oidc.mjs [PORT] --fhir-base URL [--token-seconds N] [--backend-key FILE]');
  process.exit(2);
}

const SCOPES = [
  'launch', 'launch/patient', 'fhirUser',
  'user/*.cruds', 'user/*.rs', 'user/Observation.cruds', 'user/Patient.rs', 'user/Patient.cruds', 'user/Device.cruds',
  'user/Provenance.c', 'user/Provenance.cruds', 'user/AuditEvent.c', 'patient/*.rs', 'system/*.cruds',
  'system/Observation.cruds',
].join(' ');

const serverRsa = keyPair('rsa', { modulusLength: 2048 }, 'RS256', 'server-rsa');
const serverEc = keyPair('ec', { namedCurve: 'P-384' }, 'ES384', 'server-ec');
const backend = keyPair('ec', { namedCurve: 'P-384' }, 'ES384', 'console-1');
if (options['backend-key']) keepBackendKey(options['backend-key']);

// The issuer names the port, so the port is taken before there is a provider.
let answer = (_request, response) => response.writeHead(503).end();
const server = http.createServer((request, response) => answer(request, response));
server.listen(port, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = providerAt(issuer);
  const grants = new Set();
  const seen = { granted: {}, refused: {} };
  const count = (counts, context) => {
    const kind = context.oidc.params?.grant_type ?? 'none';
    counts[kind] = (counts[kind] ?? 0) + 1;
  };
  provider.on('grant.success', (context) => {
    count(seen.granted, context);
    if (context.oidc.entities.Grant) grants.add(context.oidc.entities.Grant.jti);
  });
  provider.on('grant.error', (context) => count(seen.refused, context));
  provider.on('server_error', (_context, error) => console.error(error));
  const callback = provider.callback();
  answer = (request, response) => {
    const { pathname, search } = new URL(request.url, issuer);
    if (pathname === '/test/seen') return json(response, seen);
    if (pathname === '/test/end-grants') return endGrants(provider, grants).then((ended) => json(response, { ended }));
    if (pathname === '/test/token-seconds') {
      tokenSeconds = Number(search.slice(1));
      return json(response, { tokenSeconds });
    }
    return callback(request, response);
  };
  console.log(`ready on ${issuer}`);
});

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop);
if (options['until-stdin-closes']) process.stdin.once('end', stop).once('close', stop).resume();

function stop() {
  process.exit(0);
}

function json(response, value) {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function endGrants(provider, grants) {
  for (const id of grants) await (await provider.Grant.find(id))?.destroy();
  const ended = grants.size;
  grants.clear();
  return ended;
}

function keyPair(type, parameters, alg, kid) {
  const pair = generateKeyPairSync(type, parameters);
  const jwk = (key) => ({ ...key.export({ format: 'jwk' }), alg, use: 'sig', kid });
  const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' });
  return { pem, private: jwk(pair.privateKey), public: jwk(pair.publicKey) };
}

function keepBackendKey(file) {
  const text = file.endsWith('.pem') ? backend.pem : JSON.stringify(backend.private);
  writeFileSync(file, text, { mode: 0o600 });
}

function providerAt(issuer) {
  const own = new Provider(issuer, {
    jwks: { keys: [serverEc.private, serverRsa.private] },
    clients: [
      {
        client_id: 'clinician-console',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
      },
      {
        client_id: 'console-backend',
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES384',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        jwks: { keys: [backend.public] },
      },
    ],
    pkce: { required: () => true },
    clientAuthMethods: ['none', 'private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['RS384', 'ES384'] },
    scopes: ['openid', 'offline_access'],
    features: {
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => fhirBase,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: SCOPES,
          audience: fhirBase,
          accessTokenTTL: tokenSeconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES384' } },
        }),
      },
    },
    ttl: {
      AccessToken: () => tokenSeconds, ClientCredentials: () => tokenSeconds, AuthorizationCode: 60, IdToken: 3600,
      Interaction: 600, Session: 3600, Grant: 86400, RefreshToken: 86400,
    },
    rotateRefreshToken: true,
    issueRefreshToken: async (_context, client, code) =>
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    // A FHIR server with several tenants picks one by this claim.
    extraTokenClaims: (_context, token) => ({
      tenant_id: 'default', fhirUser: `Practitioner/${token.accountId ?? 'none'}`,
    }),
    // SMART wants `fhirUser` in the identity token.
    claims: { openid: ['sub', 'fhirUser'] },
    conformIdTokenClaims: false,
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, fhirUser: `Practitioner/${id}` }),
    }),
  });
  return own;
}
