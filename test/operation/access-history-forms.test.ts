/** An access history as a Bundle, as CSV and as PDF: https://www.rfc-editor.org/rfc/rfc4180, ISO 32000-1 and 14289-1. */
import { validate } from '../../src/fhir/validate/index.ts';
import { actor, consent, document, person } from '../leaks/support/content.ts';
import { contentOf, wordsOf } from '../support/pdf.ts';
import { type Client, type Reply, type TestServer, putAll, testServer } from '../support/server.ts';

let carnet: TestServer;
let patient: Client;
let dentist: Client;
/** A name that a spreadsheet would run, and one with letters that the standard fonts lack. */
const FORMULA = '=HYPERLINK("https://evil.example";"click")';
const FOREIGN = 'Dr Łukasz Żuk 王';

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  await putAll(carnet.as('all'), [
    person('x', 'Of-x', '1x'),
    consent('x-c', 'x', { type: 'permit', actor: [actor('Practitioner/demo-dentist')] }),
    document('x-1', 'x'),
  ]);
  patient = carnet.as({
    token: carnet.tokenFor({ reference: 'Patient/x', name: 'Of x', related: [] }, 'patient'),
  });
  dentist = carnet.as('dentist');
  await dentist.get('DocumentReference/x-1');
  for (const [index, name] of [FORMULA, FOREIGN].entries()) {
    const token = carnet.tokenFor({ reference: `Practitioner/n${index}`, name, idPrefixes: [] }, 'dentist');
    await carnet.as({ token }).get('DocumentReference/x-1');
  }
});
afterAll(() => carnet?.close());

const get = (query: string, headers: Record<string, string> = {}, as = patient): Promise<Reply> =>
  as.get(`Patient/x/$access-history${query}`, headers);

/** The bytes: fetch's text would take them for UTF-8. */
async function bytes(
  query: string,
  headers: Record<string, string> = {},
): Promise<{ reply: Response; content: Buffer }> {
  const token = carnet.tokenFor({ reference: 'Patient/x', name: 'Of x', related: [] }, 'patient');
  const reply = await fetch(`${carnet.base}/Patient/x/$access-history${query}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  return { reply, content: Buffer.from(await reply.arrayBuffer()) };
}

describe('a Bundle', () => {
  it('is a valid searchset of the AuditEvents that the lines tell', async () => {
    const { status, json } = await get('?as=bundle&kind=refused');
    expect(status).toBe(200);
    expect(validate(json).filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(json.type).toBe('searchset');
    expect(json.total).toBeUndefined();
    expect(
      json.entry.map(({ resource }: { resource: { resourceType: string } }) => resource.resourceType),
    ).toEqual(['AuditEvent', 'AuditEvent']);
    expect(json.link[0]).toEqual({ relation: 'self', url: expect.stringContaining('as=bundle') as string });
  });

  it('goes on by its link', async () => {
    const { json } = await get('?as=bundle&kind=refused&_count=1');
    const next = json.link.find(({ relation }: { relation: string }) => relation === 'next');
    const { json: rest } = await patient.get(next.url);
    expect([json.entry.length, rest.entry.length, rest.link.length]).toEqual([1, 1, 1]);
    expect(rest.entry[0].resource.id).not.toBe(json.entry[0].resource.id);
  });

  it('gives a trace as a search of AuditEvents would', async () => {
    const told = await get('?as=bundle', {}, dentist);
    const { json } = await dentist.get('AuditEvent?patient=Patient/x&_count=50');
    const found = new Map(json.entry.map((each: { fullUrl: string }) => [each.fullUrl, each]));
    expect(told.json.entry.length).toBeGreaterThan(0);
    for (const each of told.json.entry) expect(each).toEqual(found.get(each.fullUrl));
  });
});

describe('CSV', () => {
  /** RFC 4180, read strictly. */
  function rowsOf(text: string): string[][] {
    const rows: string[][] = [];
    const cell = /"((?:[^"]|"")*)"(,|\r\n)/y;
    let row: string[] = [];
    while (cell.lastIndex < text.length) {
      const found = cell.exec(text);
      if (found === null) throw new Error('no CSV');
      row.push(found[1]!.replaceAll('""', '"'));
      if (found[2] === ',') continue;
      rows.push(row);
      row = [];
    }
    return rows;
  }

  it.each([
    ['?as=csv', {}],
    ['?_format=text/csv', {}],
    ['', { accept: 'text/csv' }],
  ])('%s %j: a row for each visit, in UTF-8 with a mark', async (query, headers) => {
    const { reply, content } = await bytes(query, headers);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(reply.headers.get('content-disposition')).toBe('attachment; filename="historique-des-acces.csv"');
    expect(content.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    const [head, ...rows] = rowsOf(content.subarray(3).toString());
    expect(head!.slice(0, 4)).toEqual(['Accès', 'Début', 'Fin', 'Qui']);
    for (const row of rows) expect(row).toHaveLength(head!.length);
    expect(rows.find((row) => row[3] === 'Dr Marc Vidal')!.slice(4, 11)).toEqual([
      'dentiste',
      'Organization/demo-dental',
      'usual',
      'TREAT',
      '',
      'read history',
      '1',
    ]);
  });

  it('runs nothing, whatever somebody calls themself', async () => {
    const { content } = await bytes('?as=csv');
    const cells = rowsOf(content.subarray(3).toString()).flat();
    expect(cells).toContain(`'${FORMULA}`);
    expect(cells.filter((each) => /^[=+\-@\t\r]/.test(each))).toEqual([]);
  });
});

describe('PDF', () => {
  it.each([
    ['?as=pdf', {}],
    ['?_format=application/pdf', {}],
    ['', { accept: 'application/pdf' }],
  ])('%s %j: the same sentences', async (query, headers) => {
    const { reply, content } = await bytes(query, headers);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/pdf');
    expect(content.subarray(0, 5).toString()).toBe('%PDF-');
    expect(content.toString('latin1').trimEnd().endsWith('%%EOF')).toBe(true);
    const words = wordsOf(content);
    expect(words).toContain('Historique des accès au dossier');
    expect(words).toContain('Dr Marc Vidal, dentiste, a consulté 1 document');
  });

  it('is tagged, and says its language and title', async () => {
    for (const [language, name] of [
      ['fr', 'fr-FR'],
      ['en', 'en-GB'],
    ]) {
      const { content } = await bytes(`?as=pdf&language=${language}`);
      const text = content.toString('latin1');
      expect(text).toContain('/MarkInfo');
      expect(text).toMatch(/\/Marked true/);
      expect(text).toContain(`/Lang (${name})`);
      expect(text).toMatch(/\/DisplayDocTitle true/);
      const [, number] = /\/Title (\d+) 0 R/.exec(text)!;
      expect(text).toMatch(new RegExp(`\\n${number} 0 obj\\n\\(`));
      for (const tag of ['Document', 'H1', 'H2', 'P']) expect(text).toMatch(new RegExp(`/S /${tag}\\b`));
      expect(contentOf(content)).toMatch(/BDC/);
    }
  });

  it('tells names in the letters that its fonts have', async () => {
    const { content } = await bytes('?as=pdf&kind=refused');
    expect(wordsOf(content)).toContain('Dr Lukasz Zuk ?');
  });
});

describe('as FHIR', () => {
  it('a file that is asked for as JSON, or by a batch, comes in a Binary', async () => {
    const asked = [
      await get('?as=csv', { accept: 'application/fhir+json' }),
      await patient.post('', {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [{ request: { method: 'GET', url: 'Patient/x/$access-history?as=csv' } }],
      }),
    ];
    const binaries = [asked[0]!.json, asked[1]!.json.entry[0].resource];
    for (const { resourceType, contentType, data } of binaries) {
      expect([resourceType, contentType]).toEqual(['Binary', 'text/csv']);
      expect(Buffer.from(data, 'base64').toString()).toContain('Dr Marc Vidal');
    }
  });

  it('is to be had as XML', async () => {
    expect((await get('', { accept: 'application/fhir+xml' })).status).toBe(200);
    expect((await get('?_format=xml')).status).toBe(200);
    expect((await dentist.get('Patient/x', { accept: 'text/csv' })).status).toBe(406);
  });
});
