/** A CDA is shown as clean HTML. docs/interactions/document-html.md */
import type { Client, TestServer } from '../support/server.ts';
import { testServer } from '../support/server.ts';
import { cda1, cda3, patientOf, pdf, person } from '../documents/support/media.ts';
import { document, errorOf } from '../interaction/support/resources.ts';

const who = person(0);
const HTML = { accept: 'text/html' };
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

let carnet: TestServer;
let hospital: Client;
let owner: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  hospital = carnet.as('hospital');
  await carnet.as('all').put(`Patient/${who.id}`, patientOf(who));
  owner = carnet.as({ token: carnet.tokenFor({ reference: `Patient/${who.id}` }, 'patient') });
});
afterAll(() => carnet?.close());

const subject = { subject: { reference: `Patient/${who.id}` } };
async function deposited(content: Buffer, contentType = 'text/xml'): Promise<string> {
  const attachment = { contentType, data: content.toString('base64') };
  const made = await hospital.post('DocumentReference', document({ ...subject, content: [{ attachment }] }));
  expect(made.status).toBe(201);
  return made.json.id as string;
}
const sectionOf = (text: string, more = '') =>
  `<component><section><title>Conclusion</title><text>${text}</text>${more}</section></component>`;
const page = async (sections: string) =>
  owner.get(`DocumentReference/${await deposited(cda3(who, 'Compte rendu', '1.2.3', sections))}/$html`, HTML);

it('shows who it is of, who wrote it, and the narrative with its tables, lists, styles and pictures', async () => {
  const { status, headers, text } = await page(
    sectionOf(
      '<paragraph>Toux <content styleCode="Bold">sèche</content><br/>depuis &lt; 3 jours</paragraph>' +
        '<table><tbody><tr><th colspan="2">Na</th><td>140</td></tr></tbody></table>' +
        '<list listType="ordered"><item>repos</item></list><renderMultiMedia referencedObject="p1"/>',
      `<entry><observationMedia ID="p1" classCode="OBS" moodCode="EVN"><value mediaType="image/png" representation="B64">${PIXEL}</value></observationMedia></entry>` +
        sectionOf('dessous'),
    ),
  );
  expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  for (const piece of [
    '<html lang="fr-FR">',
    '<h1>Compte rendu</h1>',
    `<dd>Camille Essai0</dd>`,
    '<dd>05/03/1979</dd>',
    '<dd>Sophie LAMBERT</dd>',
    '<h2>Conclusion</h2><p>Toux <span class="b">sèche</span><br>depuis &lt; 3 jours</p>',
    '<th colspan="2">Na</th><td>140</td>',
    '<ol><li>repos</li></ol>',
    `<img alt="" src="data:image/png;base64,${PIXEL}">`,
    '<h3>Conclusion</h3>dessous',
  ])
    expect(text).toContain(piece);
});

it('lets nothing of the document run, lead away or be fetched', async () => {
  const { text, headers } = await page(
    sectionOf(
      '<script>alert(1)</script><paragraph onclick="x()" styleCode="&quot;&gt;&lt;script&gt;">a</paragraph>' +
        '<linkHtml href="javascript:alert(1)">lien</linkHtml><iframe src="https://evil.example/"/>' +
        '<td colspan="1&quot; onload=&quot;x">b</td><content styleCode="Bold&quot; onload=&quot;x">c</content>' +
        '<renderMultiMedia referencedObject="e"/>&lt;img src=x onerror=alert(1)&gt;<![CDATA[<svg onload=alert(1)>]]>',
      '<entry><observationMedia ID="e"><value mediaType="image/svg+xml" representation="B64">PHN2Zy8+</value></observationMedia></entry>' +
        '<entry><observationMedia ID="e"><value mediaType="image/png" representation="B64">"&gt;&lt;script&gt;</value></observationMedia></entry>',
    ),
  );
  const elements = [...text.matchAll(/<\/?([A-Za-z!]\w*)/g)].map(([, name]) => name!.toLowerCase());
  const allowed = 'doctype html head meta title style body main h1 h2 dl dt dd section p span td'.split(' ');
  expect([...new Set(elements)].filter((name) => !allowed.includes(name.replace('!', '')))).toEqual([]);
  const attributes = [...text.matchAll(/<[a-z]\w*\s([^>]*)>/g)].map(([, each]) => each!);
  for (const each of attributes)
    expect(each).toMatch(/^(lang|charset|name|class)="[^"]*"( content="[^"]*")?$/);
  expect(text).not.toMatch(/javascript:|evil|href|src=(?!x on)/);
  const policy = headers.get('content-security-policy')!;
  expect(policy).toMatch(/^default-src 'none'; img-src data:; style-src 'sha256-[^']+'; .*sandbox$/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

it('says that there is a file inside a CDA of level 1', async () => {
  const id = await deposited(cda1(who, 'Scan', '1.2.4', pdf('scan')));
  expect((await owner.get(`DocumentReference/${id}/$html`, HTML)).text).toContain(
    'un fichier de type application/pdf',
  );
});

it('gives a Binary when JSON is asked for', async () => {
  const id = await deposited(cda3(who, 'x', '1.2.5', ''));
  const { json } = await owner.get(`DocumentReference/${id}/$html`, { accept: 'application/fhir+json' });
  expect(Buffer.from(json.data as string, 'base64').toString()).toContain('<h1>x</h1>');
});

it('refuses what is no CDA', async () => {
  const id = await deposited(Buffer.from('<html xmlns="http://www.w3.org/1999/xhtml"/>'));
  expect(errorOf(await owner.get(`DocumentReference/${id}/$html`, HTML))).toEqual([422, 'processing']);
  const text = await deposited(Buffer.from('x'), 'text/plain');
  expect(errorOf(await owner.get(`DocumentReference/${text}/$html`, HTML))).toEqual([422, 'processing']);
});

it('is of a document and a content that the caller may read; else both are absent', async () => {
  const content = cda3(who, 'caché', '1.2.6', '');
  const binary = await hospital.post('Binary', content, { 'content-type': 'text/xml' });
  const attachment = { contentType: 'text/xml', url: `Binary/${binary.json.id}` };
  const made = await hospital.post('DocumentReference', document({ ...subject, content: [{ attachment }] }));
  const path = `DocumentReference/${made.json.id}/$html`;
  expect((await owner.get(path, HTML)).text).toContain('<h1>caché</h1>');
  const absent = await carnet.as('lab').get('DocumentReference/absent/$html', HTML);
  const hidden = await carnet.as('lab').get(path, HTML);
  expect([hidden.status, hidden.text]).toEqual([404, absent.text]);
  // the lab's own document opens the hospital's content to nobody
  const lab = carnet.as('lab');
  const own = await lab.post('DocumentReference', document({ ...subject, content: [{ attachment }] }));
  const stolen = await lab.get(`DocumentReference/${own.json.id}/$html`, HTML);
  expect([stolen.status, stolen.text]).toEqual([404, absent.text]);
  const traces = await carnet
    .as('all')
    .get(`AuditEvent?patient=${who.id}&entity=DocumentReference/${made.json.id}&action=R`);
  expect(traces.json.total).toBeGreaterThan(0);
});
