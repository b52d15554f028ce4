/** The ways in. The demo's form stands in for Pro Santé Connect and FranceConnect+, and says so. */
import type { Language } from '../../consent/reasons.ts';
import type { Upstream } from '../../auth/upstream.ts';
import { type Html, html, page } from './html.ts';

const WORDS = {
  fr: {
    title: 'Se connecter',
    demo: 'Démonstration : personnes fictives, aucune donnée réelle. Ce formulaire remplace ici Pro Santé Connect et FranceConnect+.',
    user: 'Identifiant',
    password: 'Mot de passe',
    enter: 'Se connecter',
    leave: 'Annuler',
    wrong: 'L’identifiant ou le mot de passe n’est pas le bon.',
    wait: (seconds: number) => `Trop d’essais. Réessayez dans ${seconds} secondes.`,
    for: (name: string) => `pour continuer vers ${name}`,
    patients: 'Vous êtes patient',
    professionals: 'Vous êtes professionnel de santé',
    with: (name: string) => `Se connecter avec ${name}`,
    elsewhere: 'La connexion n’a pas abouti. Réessayez, ou choisissez un autre moyen.',
    none: 'Aucun moyen de se connecter n’est proposé ici.',
  },
  en: {
    title: 'Log in',
    demo: 'Demonstration: these people do not exist, and no data are real. This form stands in for Pro Santé Connect and FranceConnect+.',
    user: 'User name',
    password: 'Password',
    enter: 'Log in',
    leave: 'Cancel',
    wrong: 'The user name or the password is wrong.',
    wait: (seconds: number) => `Too many attempts. Try again in ${seconds} seconds.`,
    for: (name: string) => `to go on to ${name}`,
    patients: 'You are a patient',
    professionals: 'You are a health professional',
    with: (name: string) => `Log in with ${name}`,
    elsewhere: 'Logging in did not succeed. Try again, or choose another way.',
    none: 'No way to log in is offered here.',
  },
};

export interface LoginPage {
  /** Path of the authorization server, and of this interaction below it. */
  root: string;
  action: string;
  client: string;
  ways: readonly Pick<Upstream, 'id' | 'name' | 'claims'>[];
  /** Whether there is the demo's form. */
  hasForm: boolean;
  user?: string;
  fault?: 'wrong' | 'elsewhere' | { wait: number };
}

export function loginPage(shown: LoginPage, language: Language): string {
  const { root, action, client, ways, hasForm, fault } = shown;
  const words = WORDS[language];
  const said =
    fault === undefined
      ? undefined
      : typeof fault === 'string'
        ? words[fault]
        : words.wait(Math.ceil(fault.wait));
  const of = (claims: Upstream['claims']) => ways.filter((way) => way.claims === claims);
  return page(
    language,
    `${words.title} ${words.for(client)}`,
    html`${said === undefined ? undefined : html`<p class="fault" role="alert">${said}</p>`}
    ${waysIn(words.patients, of('franceconnect'), shown, language)}
    ${waysIn(words.professionals, of('pro-sante-connect'), shown, language)}
    ${hasForm ? form(shown, language) : undefined}
    ${hasForm || ways.length > 0 ? undefined : html`<p>${words.none}</p>`}
    ${
      hasForm
        ? undefined
        : html`<form method="post" action="${action}/leave">
            <button type="submit" class="plain">${words.leave}</button>
          </form>`
    }`,
    root,
  );
}

function waysIn(
  title: string,
  ways: LoginPage['ways'],
  { action }: LoginPage,
  language: Language,
): Html | undefined {
  if (ways.length === 0) return undefined;
  return html`<h2>${title}</h2>
    <ul class="ways">
      ${ways.map(
        ({ id, name }) =>
          html`<li>
            <a class="button" href="${action}/with?upstream=${id}">${WORDS[language].with(name)}</a>
          </li>`,
      )}
    </ul>`;
}

function form({ action, user }: LoginPage, language: Language): Html {
  const words = WORDS[language];
  return html`<p class="notice">${words.demo}</p>
    <form method="post" action="${action}/login" autocomplete="on">
      <label for="user">${words.user}</label>
      <input
        id="user"
        name="user"
        type="text"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        required
        maxlength="200"
        value="${user ?? ''}"
      />
      <label for="password">${words.password}</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        required
        maxlength="200"
      />
      <button type="submit">${words.enter}</button>
      <button type="submit" class="plain" formnovalidate formaction="${action}/leave">${words.leave}</button>
    </form>`;
}
