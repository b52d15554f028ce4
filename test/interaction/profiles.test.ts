/** Profiles on the way in: what claims one is held to it, what must hold to one too. */
import { randomUUID } from 'node:crypto';
import type { Resource } from '../../src/fhir/resource.ts';
import { documentReference, PDSM, provideBundle, submissionSet } from '../fhir/support/documents.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';

const OWN = 'https://carnet.example/fhir/StructureDefinition/';
let carnet: TestServer;
let strict: TestServer;
let all: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  strict = await testServer(`${import.meta.url}-strict`, {
    requiredProfiles: new Map([
      [
        'DocumentReference',
        [`${PDSM}pdsm-simplified-publish`, `${PDSM}pdsm-comprehensive-document-reference`],
      ],
    ]),
  });
  all = carnet.as('all');
});
afterAll(async () => {
  await carnet?.close();
  await strict?.close();
});

const without = (name: string): Resource => {
  const { [name]: _, ...rest } = documentReference();
  return rest as Resource;
};
const rules = ({ json }: Reply): string[] =>
  (json.issue as { details: { text: string } }[]).map(({ details }) => details.text);

it('a document that holds to the profile that it claims is taken', async () => {
  expect((await all.post('DocumentReference', documentReference())).status).toBe(201);
});

it('one that does not is refused with the rule, the profile and the place', async () => {
  const reply = await all.post('DocumentReference', without('custodian'));
  expect([reply.status, reply.json.issue]).toEqual([
    422,
    [
      {
        severity: 'error',
        code: 'required',
        details: {
          text: `element \`custodian\` is required (rule \`DocumentReference.custodian\` of \`${OWN}pdsm-comprehensive-document-reference\`)`,
        },
        expression: ['DocumentReference.custodian'],
      },
    ],
  ]);
});

it('a claim to what is not known here refuses nothing', async () => {
  const claims = { ...documentReference(), meta: { profile: ['http://else.example/Profile'] } };
  expect((await all.post('DocumentReference', claims)).status).toBe(201);
});

describe('`Prefer: return=OperationOutcome`', () => {
  const told = { prefer: 'return=OperationOutcome' };
  const fresh = (): Resource => {
    const name = { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${randomUUID()}` };
    return { ...documentReference(), masterIdentifier: name, identifier: [{ use: 'official', ...name }] };
  };
  const claims = { ...fresh(), meta: { profile: ['http://else.example/Profile'] } };
  const warning = {
    severity: 'warning',
    code: 'not-supported',
    details: { text: expect.stringMatching(/`http:\/\/else.example\/Profile` is not known here/) },
    expression: ['DocumentReference.meta.profile'],
  };
  const done = { severity: 'information', code: 'informational', details: { text: expect.any(String) } };

  it('tells of a profile that is not known, by create, update, patch and in a transaction', async () => {
    const created = await all.post('DocumentReference', claims, told);
    expect([created.status, created.json.issue]).toEqual([201, [done, warning]]);
    const id = /DocumentReference\/([^/]+)/.exec(created.headers.get('location')!)![1];
    const path = `DocumentReference/${id}`;
    const updated = await all.put(path, { ...claims, id, description: 'x' }, told);
    expect([updated.status, updated.json.issue]).toEqual([200, [done, warning]]);
    const patched = await all.patch(path, [{ op: 'replace', path: '/description', value: 'y' }], {
      ...told,
      'content-type': 'application/json-patch+json',
    });
    expect([patched.status, patched.json.issue]).toEqual([200, [done, warning]]);
    const bundle = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          resource: { ...fresh(), meta: claims.meta },
          request: { method: 'POST', url: 'DocumentReference' },
        },
        {
          resource: { ...fresh(), meta: claims.meta },
          request: { method: 'POST', url: 'DocumentReference', ifNoneExist: `_id=${id}` },
        },
      ],
    };
    const { status, json } = await all.post('', bundle, told);
    expect([status, json.entry[0].response.outcome.issue, json.entry[1].response.outcome.issue]).toEqual([
      200,
      [done, warning],
      [done, warning],
    ]);
  });

  it('tells of a label that hides nothing by itself, and not of those that are known', async () => {
    const security = [
      { system: 'https://labels.example', code: 'SECRET' },
      { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PSY' },
      {
        system:
          'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument',
        code: 'MASQUE_PS',
      },
    ];
    const { status, json } = await all.post('DocumentReference', { ...fresh(), meta: { security } }, told);
    const idle = {
      severity: 'warning',
      code: 'code-invalid',
      details: { text: expect.stringContaining('`SECRET` of `https://labels.example`') },
      expression: ['DocumentReference.meta.security'],
    };
    expect([status, json.issue]).toEqual([201, [done, idle]]);
  });

  it('has nothing to add to what is known', async () => {
    const created = await all.post('DocumentReference', fresh(), told);
    expect([created.status, created.json.issue]).toEqual([201, [done]]);
  });
});

it('what is no resource of R4 is a 400 still, whatever it claims', async () => {
  expect((await all.post('DocumentReference', { ...documentReference(), status: 'gone' })).status).toBe(422);
  expect((await all.post('DocumentReference', { ...documentReference(), content: [] })).status).toBe(400);
});

it('a change is held to it as well, by update and by patch', async () => {
  const made = (await all.post('DocumentReference', documentReference())).json as Resource;
  const { custodian: _, ...bare } = made;
  expect((await all.put(`DocumentReference/${made.id}`, bare)).status).toBe(422);
  const patched = await all.patch(`DocumentReference/${made.id}`, [{ op: 'remove', path: '/custodian' }]);
  expect([patched.status, rules(patched)]).toEqual([
    422,
    [expect.stringContaining('DocumentReference.custodian')],
  ]);
});

it('labels may change in what holds to no profile any more', async () => {
  const made = (await all.post('DocumentReference', documentReference())).json as Resource;
  const taken = await all.patch(`DocumentReference/${made.id}`, [{ op: 'remove', path: '/securityLabel' }]);
  expect(taken.status).toBe(200);
});

it('its author deletes a document by the status, which MHD does not know', async () => {
  const made = (await all.post('DocumentReference', documentReference())).json as Resource;
  const path = `DocumentReference/${made.id}`;
  expect(
    (await all.patch(path, [{ op: 'replace', path: '/status', value: 'entered-in-error' }])).status,
  ).toBe(200);
});

it('a deposit is refused as a whole, and nothing of it is written', async () => {
  const before = (await all.get('DocumentReference?_summary=count')).json.total;
  const noSet = provideBundle();
  noSet.entry = (noSet.entry as unknown[]).slice(1);
  const reply = await all.post('', noSet);
  expect([reply.status, rules(reply)]).toEqual([422, [expect.stringContaining('SubmissionSet')]]);
  expect((await all.post('', provideBundle([], submissionSet({ mode: 'snapshot' })))).status).toBe(422);
  expect((await all.get('DocumentReference?_summary=count')).json.total).toBe(before);
  const whole = await all.post('', provideBundle());
  expect([whole.status, whole.status === 200 ? '' : whole.text]).toEqual([200, '']);
});

it('$validate checks against what is asked, by any of its addresses, and says that the rest is good', async () => {
  const bare = {
    resourceType: 'DocumentReference',
    status: 'current',
    content: [{ attachment: { url: 'Binary/b' } }],
  };
  for (const profile of [
    `${OWN}mhd-minimal-document-reference`,
    'https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal.DocumentReference',
  ]) {
    const said = await all.post(`DocumentReference/$validate?profile=${profile}`, bare);
    expect([said.status, rules(said)]).toEqual([
      200,
      [expect.stringMatching(/masterIdentifier.*mhd-minimal/), expect.stringMatching(/contentType/)],
    ]);
  }
  const good = await all.post(
    `DocumentReference/$validate?profile=${PDSM}pdsm-comprehensive-document-reference`,
    documentReference(),
  );
  expect(rules(good)).toEqual(['the resource is valid']);
});

describe('where a deployment asks for one of two profiles', () => {
  it('what claims none is held to them', async () => {
    const { meta: _, ...silent } = documentReference();
    expect((await strict.as('all').post('DocumentReference', silent)).status).toBe(201);
    const { custodian: __, ...bare } = silent;
    const refused = await strict.as('all').post('DocumentReference', bare);
    expect([refused.status, rules(refused)]).toEqual([
      422,
      [expect.stringContaining('DocumentReference.custodian')],
    ]);
    const said = await strict.as('all').post('DocumentReference/$validate', bare);
    expect(rules(said)).toEqual(rules(refused));
  });

  it('other types are free', async () => {
    expect(
      (await strict.as('all').post('Organization', { resourceType: 'Organization', name: 'x' })).status,
    ).toBe(201);
  });
});
