/** The demo's login form. It stands in for Pro Santé Connect and FranceConnect+, and says so. */
import type { Language } from '../../consent/reasons.ts';
import { html, page } from './html.ts';

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
  },
};

export interface LoginPage {
  /** Path of the authorization server, and of this interaction below it. */
  root: string;
  action: string;
  client: string;
  user?: string;
  fault?: 'wrong' | { wait: number };
}

export function loginPage({ root, action, client, user, fault }: LoginPage, language: Language): string {
  const words = WORDS[language];
  const said =
    fault === undefined ? undefined : fault === 'wrong' ? words.wrong : words.wait(Math.ceil(fault.wait));
  return page(
    language,
    `${words.title} ${words.for(client)}`,
    html`<p class="notice">${words.demo}</p>
      ${said === undefined ? undefined : html`<p class="fault" role="alert">${said}</p>`}
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
        <button type="submit" class="plain" formnovalidate formaction="${action}/leave">
          ${words.leave}
        </button>
      </form>`,
    root,
  );
}
