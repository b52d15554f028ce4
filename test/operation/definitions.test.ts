/** What the CapabilityStatement names as this server's own operations is defined, and as it is served. */
import { readFileSync, readdirSync } from 'node:fs';
import type { Resource } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { ROUTES, type Route } from '../../src/http/routes.ts';

const FOLDER = new URL('../../profiles/operations/', import.meta.url);
const definitions = readdirSync(FOLDER).map(
  (file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Resource,
);
const own = (ROUTES as readonly Route[]).filter((route) => route.own === true);

it('defines each of its own operations and no other', () => {
  const served = [...new Set(own.map(({ interaction }) => interaction.slice(1)))];
  expect(definitions.map(({ code }) => code).sort()).toEqual(served.sort());
});

it.each(definitions.map((each): [string, Resource] => [String(each.id), each]))(
  '%s is valid, and of the types that it is served of',
  (id, definition) => {
    expect(validate(definition).filter(({ severity }) => severity !== 'information')).toEqual([]);
    const routes = own.filter(({ interaction }) => interaction === `$${id}`);
    expect(definition).toMatchObject({
      url: `https://carnet.example/fhir/OperationDefinition/${id}`,
      resource: [...new Set(routes.map(({ path }) => path.split('/', 1)[0]))],
      instance: routes.some(({ path }) => path.includes('[id]')),
      affectsState: routes.every(({ action }) => action === 'U'),
    });
  },
);
