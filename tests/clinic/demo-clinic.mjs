// The demo clinic: a FHIR R4 server in memory, on loopback only, for demonstrations and tests. Routing, batch,
// conditional operations, search and validation are Medplum's engine; only the HTTP part is ours. Nothing is kept.
//
//   node demo-clinic.mjs [PORT]     0 or none = any free port; prints `ready on http://127.0.0.1:PORT/fhir`
//
// It ends on SIGTERM, on SIGINT, and with --until-stdin-closes when its standard input closes.

import http from 'node:http';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';
import * as core from '@medplum/core';
import { loadSearch, loadStructures } from './fhir-engine.mjs';

const LARGEST_BODY = 16 * 1024 * 1024;
const FHIR_JSON = 'application/fhir+json';

const argument = process.argv[2]?.startsWith('--') ? undefined : process.argv[2];
const port = Number(argument ?? 0);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`expected a port from 0 to 65535, got ${argument}`);
  process.exit(2);
}

loadStructures();
loadSearch();
const router = new FhirRouter();
const repository = validating(new MemoryRepository());

const server = http.createServer((request, response) => {
  handle(request)
    .catch(refusal)
    .then(({ status, resource }) => send(response, status, resource));
});
server.listen(port, '127.0.0.1', () => console.log(`ready on ${base()}`));

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop);
if (process.argv.includes('--until-stdin-closes')) process.stdin.once('end', stop).once('close', stop).resume();

function base() {
  return `http://127.0.0.1:${server.address().port}/fhir`;
}

function stop() {
  // Everything is in memory, so there is nothing to finish.
  process.exit(0);
}

/** The memory repository takes anything; a server validates first. */
function validating(memory) {
  for (const method of ['createResource', 'updateResource']) {
    const write = memory[method].bind(memory);
    memory[method] = (resource, options) => {
      core.validateResource(resource);
      return write(resource, options);
    };
  }
  return memory;
}

async function handle(request) {
  const url = new URL(request.url, 'http://loopback');
  if (url.pathname !== '/fhir' && !url.pathname.startsWith('/fhir/')) {
    return { status: 404, resource: core.notFound };
  }
  const pathname = url.pathname.slice('/fhir'.length) || '/';
  const query = {};
  for (const [key, value] of url.searchParams) {
    query[key] = key in query ? [].concat(query[key], value) : value;
  }
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
    repository,
  );
  return { status: core.getStatus(outcome), resource: resource ?? outcome };
}

async function read(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > LARGEST_BODY) throw new TooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

class TooLarge extends Error {}

function refusal(error) {
  if (error.outcome) return { status: core.getStatus(error.outcome), resource: error.outcome };
  const [status, code] =
    error instanceof TooLarge ? [413, 'too-long'] : error instanceof SyntaxError ? [400, 'structure'] : [500, 'exception'];
  return { status, resource: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code }] } };
}

function send(response, status, resource) {
  const headers = { 'content-type': `${FHIR_JSON}; charset=utf-8` };
  if (resource.meta?.versionId) headers.etag = `W/"${resource.meta.versionId}"`;
  if (status === 201 && resource.id) headers.location = `${base()}/${resource.resourceType}/${resource.id}`;
  response.writeHead(status, headers).end(JSON.stringify(resource));
}
