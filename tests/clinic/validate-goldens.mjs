// Checks every golden FHIR resource against R4 as two others read it: Medplum's validator (and the vital signs against
// the R4 profiles too), and the JSON schema that HL7 publishes. Prints a line for each and ends with 1 if one fails.
//
//   node validate-goldens.mjs [FOLDER]

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { validateResource } from '@medplum/core';
import { Ajv } from 'ajv';
import { jsonSchema, loadStructures, profile } from './fhir-engine.mjs';

const ownGoldens = fileURLToPath(new URL('../../src-tauri/crates/core/fhir/tests/golden', import.meta.url));
const folder = process.argv[2] ?? ownGoldens;

// The blood pressure profile is left out: this validator does not see its slices when a component has two codings.
const PROFILES = { '8867-4': 'heartrate', '2708-6': 'oxygensat', '8310-5': 'bodytemp' };

loadStructures();
const byTheSchema = schemaChecks();
const profiles = Object.fromEntries(Object.entries(PROFILES).map(([code, id]) => [code, profile(id)]));

let failed = 0;
const files = readdirSync(folder).filter((file) => file.endsWith('.json')).sort();
if (files.length === 0) {
  console.error(`no golden files in ${folder}`);
  process.exit(1);
}
for (const file of files) {
  const resource = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const resources = resource.resourceType === 'Bundle' ? [resource, ...resource.entry.map((e) => e.resource)] : [resource];
  const problems = resources.flatMap((each) => [...check(each), ...byTheSchema(each), ...ownRules(each)]);
  console.log(`${problems.length === 0 ? 'valid  ' : 'INVALID'} ${file}`);
  problems.forEach((problem) => console.log(`        ${problem}`));
  failed += problems.length === 0 ? 0 : 1;
}
console.log(`${files.length - failed} of ${files.length} golden resources are valid`);
process.exit(failed === 0 ? 0 : 1);

function check(resource) {
  const loinc = (resource.code?.coding ?? []).map((coding) => coding.code);
  const profiled = loinc.map((code) => profiles[code]).filter((found) => found !== undefined);
  return [undefined, ...profiled].flatMap((against) => {
    try {
      validateResource(resource, against ? { profile: against } : undefined);
      return [];
    } catch (error) {
      const issues = error.outcome?.issue ?? [{ details: { text: String(error) } }];
      return issues.filter((issue) => !isLimit(issue, resource)).map((issue) => `${against?.id ?? 'base'}: ${issue.details?.text} ${issue.expression ?? ''}`);
    }
  });
}

/** A check of a resource by the schema of its type, which knows no element that R4 does not. */
function schemaChecks() {
  // It was written for an older draft and names itself as one did then; formats and unions are all in patterns.
  const { id: _name, $schema: _draft, definitions } = jsonSchema();
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  // A resource inside another one is checked by itself: the union of all would hide what is wrong with it.
  ajv.addSchema({ $id: 'r4', definitions: { ...definitions, ResourceList: {} } });
  return (resource) => {
    const valid = ajv.getSchema(`r4#/definitions/${resource.resourceType}`);
    if (valid === undefined) return [`schema: no resource of R4 is called ${resource.resourceType}`];
    if (valid(resource)) return [];
    return valid.errors.map((error) => `schema: ${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`);
  };
}

/** vs-1 speaks of a dateTime; this validator applies it to a Period too, which the profiles allow. */
function isLimit(issue, resource) {
  return resource.effectivePeriod !== undefined && issue.details?.text?.startsWith('Constraint vs-1 ');
}

/** What the validator leaves unchecked. */
function ownRules(resource) {
  if (resource.resourceType !== 'Observation') return [];
  const problems = [];
  const valued = Object.keys(resource).some((key) => key.startsWith('value'));
  const parts = (resource.component ?? []).some((part) => part.valueQuantity || part.dataAbsentReason);
  if (valued && resource.dataAbsentReason) problems.push('a value and a reason for its absence (obs-6)');
  if (!valued && !resource.dataAbsentReason && !parts) problems.push('neither a value nor a reason for its absence');
  const statuses = ['final', 'preliminary', 'entered-in-error', 'amended', 'corrected'];
  if (!statuses.includes(resource.status)) problems.push(`unknown status ${resource.status}`);
  const guide = (resource.category ?? []).flatMap((c) => c.coding).filter((c) => c.code === 'phd');
  // What a person typed or scored is outside the guide.
  const gateway = (resource.extension ?? []).some((one) => one.url.endsWith('observation-gatewayDevice'));
  const wanted = gateway || resource.subject?.reference?.startsWith('Device/') ? 1 : 0;
  if (guide.length !== wanted) problems.push(`expected ${wanted} category of the device guide, got ${guide.length}`);
  return problems;
}
