/** The authorization screen: what the application reads, what it adds, until when, and for whom. */
import type { Language } from '../../consent/reasons.ts';
import type { Role } from '../../consent/subject.ts';
import { findFields } from './find.ts';
import { type Html, html, page } from './html.ts';
import { whatItGives } from './words.ts';

const WORDS = {
  fr: {
    title: (app: string) => `Autoriser « ${app} » ?`,
    as: (name: string) => `Vous êtes connecté : ${name}.`,
    roles: { professional: 'professionnel de santé', patient: 'patient' } as Partial<Record<Role, string>>,
    who: 'Au titre de',
    reads: 'Elle pourra consulter',
    adds: 'Elle pourra ajouter ou modifier',
    until: 'Jusqu’à quand',
    session: 'Tant que vous restez connecté, huit heures au plus.',
    offline: 'Un an au plus, aussi quand vous n’êtes pas connecté.',
    identity: 'Elle connaîtra votre identité dans ce service.',
    back: 'Vous pouvez revenir sur cette autorisation à tout moment, dans la liste de vos applications.',
    below: 'Elle ne verra jamais plus que ce que les autorisations des patients vous permettent de voir.',
    allow: 'Autoriser',
    deny: 'Refuser',
  },
  en: {
    title: (app: string) => `Allow “${app}”?`,
    as: (name: string) => `You are logged in: ${name}.`,
    roles: { professional: 'health professional', patient: 'patient' } as Partial<Record<Role, string>>,
    who: 'Acting as',
    reads: 'It will be able to read',
    adds: 'It will be able to add or change',
    until: 'Until when',
    session: 'As long as you stay logged in, eight hours at most.',
    offline: 'One year at most, also when you are not logged in.',
    identity: 'It will know who you are in this service.',
    back: 'You can take this back at any time, in the list of your applications.',
    below: 'It will never see more than what the permissions of patients let you see.',
    allow: 'Allow',
    deny: 'Refuse',
  },
};

export interface AuthorizePage {
  root: string;
  action: string;
  client: string;
  name: string;
  /** Roles to choose from, where there are several. */
  persons: readonly { name?: string; role: Role }[];
  /** Resource scopes. */
  scopes: readonly string[];
  offline: boolean;
  /** Is it the patient's own app? */
  isPatients: boolean;
  /** The professional says for which patient. */
  find: boolean;
  notFound: boolean;
}

export function authorizePage(asked: AuthorizePage, language: Language): string {
  const words = WORDS[language];
  const { reads, adds } = whatItGives(asked.scopes, language);
  return page(
    language,
    words.title(asked.client),
    html`<p>${words.as(asked.name)}</p>
      <form method="post" action="${asked.action}/authorize">
        ${
          asked.persons.length < 2
            ? undefined
            : roles(
                words.who,
                asked.persons.map(({ name = '', role }) => `${name}, ${words.roles[role] ?? role}`),
              )
        }
        ${asked.find ? findFields(language, asked.notFound) : undefined} ${listing(words.reads, reads)}
        ${listing(words.adds, adds)}
        <p>${words.identity}</p>
        <h2>${words.until}</h2>
        <p>${asked.offline ? words.offline : words.session}</p>
        <p>${asked.isPatients ? words.back : words.below}</p>
        <button type="submit">${words.allow}</button>
        <button type="submit" class="plain" formnovalidate formaction="${asked.action}/leave">
          ${words.deny}
        </button>
      </form>`,
    asked.root,
  );
}

function listing(title: string, names: readonly string[]): Html | undefined {
  if (names.length === 0) return undefined;
  return html`<h2>${title}</h2>
    <ul>
      ${names.map((name) => html`<li>${name}</li>`)}
    </ul>`;
}

function roles(title: string, names: readonly string[]): Html {
  return html`<fieldset>
    <legend>${title}</legend>
    ${names.map(
      (name, index) =>
        html`<label><input type="radio" name="person" value="${index}" required />${name}</label>`,
    )}
  </fieldset>`;
}
