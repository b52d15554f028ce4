/** Logging in elsewhere, in a real browser, by keyboard alone, in French; nothing that axe finds. https://www.w3.org/TR/WCAG22/ */
import type { Browser } from 'playwright-core';
import { person } from '../leaks/support/content.ts';
import { fcClaims, pscClaims } from '../oauth/support/claims.ts';
import { type Elsewhere, elsewhereServer } from '../oauth/support/elsewhere.ts';
import {
  type Application,
  expectAccessible,
  launchAddress,
  openApplication,
  openBrowser,
  openScreen,
  press,
  type Screen,
  typeInto,
} from './support/browser.ts';

let at: Elsewhere;
let browser: Browser;
let app: Application;
let screen: Screen;

beforeAll(async () => {
  browser = await openBrowser();
  at = await elsewhereServer(import.meta.url);
  app = await openApplication(at);
  await at.carnet.as('all').put('Patient/claire', {
    ...person('claire', 'Durand', ''),
    identifier: [{ system: 'urn:oid:1.2.250.1.213.1.4.11', value: '288093818510021' }],
    name: [{ use: 'official', family: 'Durand', given: ['Claire'] }],
    birthDate: '1988-09-17',
    gender: 'female',
  });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  app?.close();
  await at?.close();
});
afterEach(async () => {
  expect(screen.faults).toEqual([]);
  await screen.context.close();
});

it('a patient chooses FranceConnect+, types the code of their letter, and allows the application', async () => {
  at.fc.comes = { sub: 'claire', acr: 'eidas2', claims: fcClaims() };
  screen = await openScreen(browser);
  const { page } = screen;
  await page.goto(launchAddress(at, app, { scope: 'openid launch/patient patient/Observation.rs' }));
  expect(await page.title()).toBe('Se connecter pour continuer vers Rythme');
  await expectAccessible(page);
  await press(page, 'Se connecter avec FranceConnect+');
  expect(await page.title()).toBe('Activer votre espace de santé');
  await expectAccessible(page);
  await typeInto(page, 'Code d’activation', 'not this one');
  await press(page, 'Continuer');
  expect(await page.textContent('[role=alert]')).toContain('Ce code ne permet pas');
  await expectAccessible(page);
  await typeInto(page, 'Code d’activation', await at.carnet.server.entrance!.codes.issue('claire'));
  await press(page, 'Continuer');
  expect(await page.title()).toBe('Autoriser « Rythme » ?');
  await press(page, 'Autoriser');
  expect(page.url().startsWith(app.callback)).toBe(true);
  expect(new URL(page.url()).searchParams.get('code')).not.toBeNull();
});

it('a professional chooses where they work; a login that comes to nothing says so', async () => {
  const activities = [
    { finess: '990000069', name: 'Maison de santé des Peupliers' },
    { finess: '990000036', name: 'Centre hospitalier des Tilleuls' },
  ];
  screen = await openScreen(browser);
  const { page } = screen;
  at.psc.comes = { sub: 'doctor', acr: 'eidas2', claims: {} };
  await page.goto(launchAddress(at, app, { scope: 'openid user/*.rs' }));
  await press(page, 'Se connecter avec Pro Santé Connect');
  expect(await page.textContent('[role=alert]')).toContain('La connexion n’a pas abouti');
  await expectAccessible(page);
  at.psc.comes = { sub: 'doctor', acr: 'eidas2', claims: pscClaims({ activities }) };
  await press(page, 'Se connecter avec Pro Santé Connect');
  expect(await page.textContent('legend')).toBe('Au titre de');
  await expectAccessible(page);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  await press(page, 'Autoriser');
  expect(new URL(page.url()).searchParams.get('code')).not.toBeNull();
});
