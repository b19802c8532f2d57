// The demo clinic: a FHIR R4 server in memory, on loopback only, for demonstrations and tests. Routing, batch,
// conditional operations, search and validation are Medplum's engine; only the HTTP part is ours. Nothing is kept.
//
//   node demo-clinic.mjs [PORT] [--issuer URL --audience URL] [--checks-references] [--until-stdin-closes]
//
//   PORT        0 or none = any free port; prints `ready on http://127.0.0.1:PORT/fhir`
//   --issuer    bearer tokens of this authorization server are asked for, and announced
//   --audience  what tokens must be good for; the own base address unless told otherwise
//   --checks-references  what refers to a resource that is not there is refused with 400
//
// A request with the header `X-Tenant-ID` is about a clinic of that name, which shares nothing with the others. For
// tests: POST /test/forget drops the tenant's clinic, and /test/fhir is the clinic for whoever has no token. With the header `X-Test-Gives-Ids` the clinic takes no id that a
// client chose, and refuses what is put at one that it does not have: `said` = with 400, and its capability statement
// tells; `words` = with 400 and words, the statement is silent; `status` = with 405 and nothing else.
//
// It ends on SIGTERM, on SIGINT, and with --until-stdin-closes when its standard input closes.

import http from 'node:http';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';
import * as core from '@medplum/core';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { capabilities, loadSearch, loadStructures } from './fhir-engine.mjs';

const LARGEST_BODY = 16 * 1024 * 1024;
const OWN = '/test/fhir/';
const FHIR_JSON = 'application/fhir+json';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    issuer: { type: 'string' },
    audience: { type: 'string' },
    'checks-references': { type: 'boolean', default: false },
    'until-stdin-closes': { type: 'boolean', default: false },
  },
});
const port = Number(positionals[0] ?? 0);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`expected a port from 0 to 65535, got ${positionals[0]}`);
  process.exit(2);
}
const { issuer } = options;
const checksReferences = options['checks-references'];
const keys = issuer ? createRemoteJWKSet(new URL(`${issuer}/jwks`)) : undefined;

loadStructures();
loadSearch();
const router = new FhirRouter();
const repositories = new Map();

const server = http.createServer((request, response) => {
  handle(request)
    .catch(refusal)
    .then(({ status, resource, headers }) => send(response, status, resource, headers));
});
server.listen(port, '127.0.0.1', () => console.log(`ready on ${base()}`));

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop);
if (options['until-stdin-closes']) process.stdin.once('end', stop).once('close', stop).resume();

function base() {
  return `http://127.0.0.1:${server.address().port}/fhir`;
}

function stop() {
  // Everything is in memory, so there is nothing to finish.
  process.exit(0);
}

/** How the clinic of a request refuses the ids of clients; undefined where it takes them. */
function givesIds(request) {
  return request.headers['x-test-gives-ids'];
}

const OF_A_CLIENT = 'client-assigned ids are not accepted';

/** The same clinic, where only what it has itself may be put. */
function givingIds(repository) {
  return new Proxy(repository, {
    get(target, name, receiver) {
      if (name !== 'updateResource') return Reflect.get(target, name, receiver);
      return async (resource, options) => {
        const known = await target.readResource(resource.resourceType, resource.id ?? '').then(() => true, () => false);
        if (!known) throw new core.OperationOutcomeError(core.badRequest(OF_A_CLIENT));
        return target.updateResource(resource, options);
      };
    },
  });
}

/** The entries of a batch that were refused for their ids, as a server answers that names a status alone. */
function withoutWords(bundle) {
  for (const { response } of bundle?.entry ?? []) {
    if (response?.outcome?.issue?.[0]?.details?.text !== OF_A_CLIENT) continue;
    response.status = '405';
    delete response.outcome;
  }
}

/** The memory repository takes anything; a server validates first. */
function validating(memory) {
  for (const method of ['createResource', 'updateResource']) {
    const write = memory[method].bind(memory);
    memory[method] = async (resource, options) => {
      core.validateResource(resource);
      if (checksReferences) await readReferences(memory, resource);
      return write(resource, options);
    };
  }
  return memory;
}

/** Throws where something that is referred to, by type and id, is not there: referential integrity. */
async function readReferences(memory, value) {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (key !== 'reference' || typeof member !== 'string') {
      await readReferences(memory, member);
    } else if (/^[A-Z][A-Za-z]+\/[A-Za-z0-9.-]+$/.test(member)) {
      await memory.readReference({ reference: member }).catch(() => {
        throw new core.OperationOutcomeError(core.badRequest('reference to a resource that is not on this server'));
      });
    }
  }
}

/** The clinic that a request is about. */
function repositoryOf(request) {
  const tenant = request.headers['x-tenant-id'] ?? '';
  if (!repositories.has(tenant)) repositories.set(tenant, validating(new MemoryRepository()));
  return repositories.get(tenant);
}

/** Why the request may not be answered, or nothing. */
async function unauthorized(request) {
  if (!keys) return undefined;
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  try {
    await jwtVerify(token ?? '', keys, { issuer, audience: options.audience ?? base() });
    return undefined;
  } catch {
    const headers = { 'www-authenticate': token ? 'Bearer error="invalid_token"' : 'Bearer' };
    return { status: 401, resource: core.unauthorized, headers };
  }
}

async function handle(request) {
  const url = new URL(request.url, 'http://loopback');
  if (url.pathname === '/test/forget' && request.method === 'POST') {
    repositories.delete(request.headers['x-tenant-id'] ?? '');
    return { status: 200, resource: core.allOk };
  }
  if (url.pathname === '/fhir/metadata') {
    return { status: 200, resource: capabilities(base(), issuer, givesIds(request)) };
  }
  if (url.pathname === '/fhir/.well-known/smart-configuration' && issuer) {
    return { status: 200, resource: await smartConfiguration(), headers: { 'content-type': 'application/json' } };
  }
  const isOwn = url.pathname.startsWith(OWN);
  if (isOwn) url.pathname = url.pathname.slice('/test'.length);
  if (url.pathname !== '/fhir' && !url.pathname.startsWith('/fhir/')) {
    return { status: 404, resource: core.notFound };
  }
  const pathname = url.pathname.slice('/fhir'.length) || '/';
  const query = {};
  for (const [key, value] of url.searchParams) {
    query[key] = key in query ? [].concat(query[key], value) : value;
  }
  const refused = isOwn ? undefined : await unauthorized(request);
  if (refused) return refused;
  const body = await read(request);
  const [outcome, resource] = await router.handleRequest(
    {
      method: request.method,
      url: pathname + url.search,
      pathname: '',
      body: body.length > 0 ? JSON.parse(body) : {},
      params: {},
      query,
      headers: request.headers,
      config: { transactions: false },
    },
    givesIds(request) ? givingIds(repositoryOf(request)) : repositoryOf(request),
  );
  if (givesIds(request) === 'status') withoutWords(resource);
  if (request.method === 'GET' && resource?.resourceType === 'Bundle' && resource.type === 'searchset') {
    addPagingLinks(resource, url, request.headers.host);
  }
  return { status: core.getStatus(outcome), resource: resource ?? outcome };
}

/** Where the page is and where the next one: the engine leaves that to the server around it. */
function addPagingLinks(bundle, url, host) {
  const entries = bundle.entry?.length ?? 0;
  const next = Number(url.searchParams.get('_offset') ?? 0) + entries;
  const address = new URL(url.pathname + url.search, `http://${host ?? new URL(base()).host}`);
  bundle.link = [{ relation: 'self', url: address.href }];
  if (entries === 0 || next >= (bundle.total ?? 0)) return;
  address.searchParams.set('_offset', String(next));
  bundle.link.push({ relation: 'next', url: address.href });
}

/** What SMART wants to know is what the authorization server says of itself. */
async function smartConfiguration() {
  const said = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  const capabilities = ['launch-standalone', 'client-public', 'client-confidential-asymmetric', 'permission-v2'];
  return { ...said, capabilities };
}

async function read(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > LARGEST_BODY) throw new TooLarge();
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const packed = request.headers['content-encoding'] === 'gzip';
  return (packed ? gunzipSync(body, { maxOutputLength: LARGEST_BODY }) : body).toString('utf8');
}

class TooLarge extends Error {}

function refusal(error) {
  if (error.outcome) return { status: core.getStatus(error.outcome), resource: error.outcome };
  const [status, code] =
    error instanceof TooLarge ? [413, 'too-long'] : error instanceof SyntaxError ? [400, 'structure'] : [500, 'exception'];
  return { status, resource: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code }] } };
}

function send(response, status, resource, more) {
  const headers = { 'content-type': `${FHIR_JSON}; charset=utf-8`, ...more };
  if (resource.meta?.versionId) headers.etag = `W/"${resource.meta.versionId}"`;
  if (status === 201 && resource.id) headers.location = `${base()}/${resource.resourceType}/${resource.id}`;
  response.writeHead(status, headers).end(JSON.stringify(resource));
}
