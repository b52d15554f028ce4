/**
 * Logging in and allowing an application, in a real browser, by keyboard alone, in French; nothing that axe finds.
 * https://www.w3.org/TR/WCAG22/
 */
import type { Browser } from 'playwright-core';
import { type Account, type Person, personKey } from '../../src/auth/accounts.ts';
import { demoAccounts } from '../../src/demo/logins.ts';
import { permits, says } from '../enforcement/support/space.ts';
import { document as documentOf, person } from '../leaks/support/content.ts';
import { type Oauth, oauthServer, PASSWORD } from '../oauth/support/oauth.ts';
import {
  type Application,
  expectAccessible,
  launchAddress,
  openApplication,
  openBrowser,
  openScreen,
  press,
  type Screen,
  tabTo,
  typeInto,
  violations,
} from './support/browser.ts';

const USER = { fr: 'Identifiant', en: 'User name' };
const WORD = { fr: 'Mot de passe', en: 'Password' };
let oauth: Oauth;
let browser: Browser;
let app: Application;
let screen: Screen;

beforeAll(async () => {
  browser = await openBrowser();
  oauth = await oauthServer(import.meta.url, { accounts: { find: findAccount } });
  app = await openApplication(oauth);
  const all = oauth.carnet.as('all');
  await all.put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
  await all.put('Patient/one', {
    ...person('one', 'Martin', '290010112345678'),
    birthDate: '1990-02-02',
    gender: 'female',
  });
  await all.put('DocumentReference/one', documentOf('one', 'one'));
  await all.put('Consent/one', { ...says('one', permits('Practitioner/demo-gp')), id: 'one' });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  app?.close();
  await oauth?.carnet.close();
});
afterEach(async () => {
  expect(screen.faults).toEqual([]);
  await screen.context.close();
});

const SECOND = {} as Person;

/** The dentist works elsewhere too. */
async function findAccount(id: string): Promise<Account | undefined> {
  const account = await demoAccounts.find(id);
  if (id !== 'demo dentist' || account === undefined) return account;
  const [first] = account.persons as [Person];
  Object.assign(SECOND, { ...first, name: 'Second cabinet', organizations: ['Organization/second'] });
  return { ...account, persons: [first, SECOND] };
}

async function logIn(user: string, language: 'fr' | 'en' = 'fr', password = PASSWORD): Promise<void> {
  await typeInto(screen.page, USER[language], user);
  await typeInto(screen.page, WORD[language], password);
  await press(screen.page, WORD[language]);
}

it('a patient logs in and allows an application', async () => {
  screen = await openScreen(browser);
  const { page } = screen;
  await page.goto(launchAddress(oauth, app, { scope: 'openid launch/patient patient/Observation.rs' }));
  expect(await page.title()).toBe('Se connecter pour continuer vers Rythme');
  expect(await page.getAttribute('html', 'lang')).toBe('fr');
  await expectAccessible(page);
  await logIn('patient');
  expect(await page.title()).toBe('Autoriser « Rythme » ?');
  expect(await page.textContent('main')).toContain('les mesures et résultats d’analyses');
  await expectAccessible(page);
  await press(page, 'Autoriser');
  const { searchParams } = new URL(page.url());
  expect(page.url().startsWith(app.callback)).toBe(true);
  expect(searchParams.get('code')).toMatch(/^[\w-]{20,}$/);
  expect(searchParams.get('state')).toBe('a state');
});

it('a wrong password is said where assistive technology tells it at once, and the name is still there', async () => {
  screen = await openScreen(browser);
  const { page } = screen;
  await page.goto(launchAddress(oauth, app));
  await logIn('teen', 'fr', 'not this one');
  expect(await page.textContent('[role=alert]')).toBe('L’identifiant ou le mot de passe n’est pas le bon.');
  expect(await page.inputValue('#user')).toBe('teen');
  expect(await page.inputValue('#password')).toBe('');
  await expectAccessible(page);
  await typeInto(page, WORD.fr, PASSWORD);
  await press(page, 'Se connecter');
  expect(await page.title()).toBe('Autoriser « Rythme » ?');
});

it('the patient refuses, at either screen, without having filled in anything', async () => {
  screen = await openScreen(browser);
  const { page } = screen;
  await page.goto(launchAddress(oauth, app));
  await press(page, 'Annuler');
  expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');
  await page.goto(launchAddress(oauth, app));
  await logIn('patient');
  await press(page, 'Refuser', 'Space');
  expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');
});

it('a professional names the patient, is told when there is none, and names one who is there', async () => {
  screen = await openScreen(browser);
  const { page } = screen;
  await page.goto(launchAddress(oauth, app, { scope: 'openid launch/patient patient/*.rs' }));
  await logIn('gp');
  await expectAccessible(page);
  await typeInto(page, 'Nom de naissance', 'Personne');
  await press(page, 'Autoriser');
  expect(await page.textContent('[role=alert]')).toContain('Aucun patient');
  await expectAccessible(page);
  await typeInto(page, 'Nom de naissance', 'Martin');
  const { json } = await oauth.carnet.as('all').get('Patient/one');
  await typeInto(page, 'Premier prénom', json.name[0].given[0]);
  await typeInto(page, 'Date de naissance', '02021990');
  expect(await page.inputValue('#birthdate')).toBe('1990-02-02');
  await tabTo(page, 'Féminin');
  await page.keyboard.press('Space');
  await press(page, 'Autoriser');
  expect(new URL(page.url()).searchParams.get('code')).not.toBeNull();
});

it('who has several roles chooses one, by the arrows', async () => {
  screen = await openScreen(browser);
  const { page } = screen;
  await page.goto(launchAddress(oauth, app, { scope: 'openid user/*.rs' }));
  await logIn('dentist');
  expect(await page.textContent('legend')).toBe('Au titre de');
  await expectAccessible(page);
  await tabTo(page, 'Dr Marc Vidal, professionnel de santé');
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  expect(await page.inputValue('input[name=person]:checked')).toBe(personKey(SECOND));
  await press(page, 'Autoriser');
  expect(new URL(page.url()).searchParams.get('code')).not.toBeNull();
});

it('in English for who reads English, and where the application says so', async () => {
  screen = await openScreen(browser, { locale: 'en-GB' });
  const { page } = screen;
  await page.goto(launchAddress(oauth, app));
  expect(await page.getAttribute('html', 'lang')).toBe('en');
  expect(await page.title()).toBe('Log in to go on to Rythme');
  await expectAccessible(page);
  await logIn('patient', 'en');
  expect(await page.title()).toBe('Allow “Rythme”?');
  await expectAccessible(page);
  await press(page, 'Allow');
  expect(new URL(page.url()).searchParams.get('code')).not.toBeNull();
  await page.goto(launchAddress(oauth, app, { ui_locales: 'fr-FR en', prompt: 'login' }));
  expect(await page.getAttribute('html', 'lang')).toBe('fr');
});

it('what can’t go on says so: a request with a fault, and one that has gone', async () => {
  screen = await openScreen(browser);
  const { page } = screen;
  await page.goto(launchAddress(oauth, app, { client_id: 'nobody' }));
  expect(await page.textContent('h1')).toBe('Cette demande ne peut pas aboutir');
  await expectAccessible(page);
  await page.goto(`${oauth.issuer}/interaction/gone`);
  expect(await page.textContent('h1')).toBe('Cette demande ne peut pas aboutir');
  await expectAccessible(page);
});

it('logs out, and goes back to the application', async () => {
  screen = await openScreen(browser);
  const { page, context } = screen;
  await page.goto(launchAddress(oauth, app));
  await logIn('patient');
  await press(page, 'Autoriser');
  await page.goto(`${oauth.issuer}/logout`);
  expect(await page.textContent('h1')).toBe('Se déconnecter ?');
  await expectAccessible(page);
  await press(page, 'Se déconnecter');
  expect(await page.textContent('h1')).toBe('Vous êtes déconnecté');
  await expectAccessible(page);
  await page.goto(launchAddress(oauth, app));
  await logIn('patient');
  await press(page, 'Autoriser');
  const back = new URLSearchParams({
    client_id: 'public',
    post_logout_redirect_uri: app.callback,
    state: 's',
  });
  await page.goto(`${oauth.issuer}/logout?${back.toString()}`);
  await press(page, 'Se déconnecter');
  expect(page.url()).toBe(`${app.callback}?state=s`);
  expect((await context.cookies()).map(({ name }) => name)).not.toContain('carnet_session');
});

it('another person logs in where somebody still is: the first is logged out, by a button', async () => {
  screen = await openScreen(browser);
  const { page } = screen;
  await page.goto(launchAddress(oauth, app));
  await logIn('patient');
  await press(page, 'Autoriser');
  await page.goto(launchAddress(oauth, app, { prompt: 'login' }));
  await logIn('gp');
  expect(await page.textContent('h1')).toBe('Encore une étape');
  await expectAccessible(page);
  await press(page, 'Continuer');
  expect(await page.textContent('main')).toContain('Dr Sophie Lambert');
});

it('the list of one’s applications, and the end of one', async () => {
  screen = await openScreen(browser);
  const { page } = screen;
  await page.goto(launchAddress(oauth, app, { scope: 'openid launch/patient patient/Observation.rs' }));
  await logIn('patient');
  await press(page, 'Autoriser');
  await page.goto(`${oauth.issuer}/apps`);
  expect(await page.title()).toBe('Mes applications connectées');
  await expectAccessible(page);
  await press(page, 'Mettre fin à l’accès de Rythme');
  expect(await page.textContent('[role=status]')).toBe('L’accès de l’application est terminé.');
  await expectAccessible(page);
  await press(page, 'Se déconnecter');
  expect(await page.title()).toBe('Se déconnecter ?');
});

it('the list, to who has to log in first', async () => {
  screen = await openScreen(browser);
  const { page } = screen;
  await page.goto(`${oauth.issuer}/apps`);
  expect(await page.title()).toBe('Se connecter pour continuer vers Mes applications');
  await logIn('patient');
  expect(new URL(page.url()).pathname).toBe('/oauth/apps');
});

it('an application that wants its answer posted gets it by a button', async () => {
  screen = await openScreen(browser);
  const { page } = screen;
  await page.goto(launchAddress(oauth, app, { response_mode: 'form_post' }));
  await logIn('patient');
  await press(page, 'Autoriser');
  const [posted] = await Promise.all([page.waitForRequest(app.callback), press(page, 'Continuer')]);
  expect(new URLSearchParams(posted.postData() ?? '').get('code')).not.toBeNull();
});

it('axe finds what is wrong, where something is', async () => {
  screen = await openScreen(browser);
  await screen.page.setContent('<!doctype html><title>x</title><input type="text" />');
  expect((await violations(screen.page)).join()).toContain('label');
});

it('cookies are for the server alone, nothing is stored besides, and no address has a token', async () => {
  screen = await openScreen(browser);
  const { page, context } = screen;
  const visited: string[] = [];
  page.on('request', (request) => visited.push(request.url()));
  await page.goto(launchAddress(oauth, app, { scope: 'openid offline_access patient/*.rs' }));
  await logIn('patient');
  const cookies = await context.cookies();
  expect(cookies.map(({ name }) => name)).toEqual(expect.arrayContaining(['carnet_session']));
  for (const cookie of cookies)
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', secure: false });
  const seen = await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]);
  expect(seen).toEqual(['', 0, 0]);
  await press(page, 'Autoriser');
  expect(page.url().startsWith(app.callback)).toBe(true);
  const names = visited.flatMap((url) => [...new URL(url).searchParams.keys()]);
  for (const name of ['access_token', 'refresh_token', 'id_token', 'password'])
    expect(names).not.toContain(name);
  expect(await page.evaluate(() => document.cookie)).toBe('');
});
