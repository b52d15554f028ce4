/** The authorization screen: what the application reads, what it adds, until when, and for whom. */
import type { Client } from '../../auth/clients.ts';
import type { Language } from '../../consent/reasons.ts';
import type { Role } from '../../consent/subject.ts';
import type { Life } from '../lives.ts';
import { findFields } from './find.ts';
import { Html, html, page } from './html.ts';
import { whatItGives } from './words.ts';

const WORDS = {
  fr: {
    title: (app: string) => `Autoriser « ${app} » ?`,
    as: (name: string) => `Vous êtes connecté : ${name}.`,
    roles: { professional: 'professionnel de santé', patient: 'patient' } as Partial<Record<Role, string>>,
    regulator: 'régulation médicale',
    publisher: (name: string) => `Elle est publiée par ${name}.`,
    purpose: 'À quoi elle sert',
    who: 'Au titre de',
    reads: 'Elle pourra consulter',
    adds: 'Elle pourra ajouter ou modifier',
    until: 'Jusqu’à quand',
    session: 'Tant que vous restez connecté, huit heures au plus.',
    offline: 'Un an au plus, aussi quand vous n’êtes pas connecté.',
    identity: 'Elle connaîtra votre identité dans ce service.',
    day: (until: number) =>
      `Jusqu’au ${new Intl.DateTimeFormat('fr-FR', { dateStyle: 'long', timeZone: 'Europe/Paris' }).format(until)} au plus.`,
    again:
      'L’examen de cette application par le service est terminé et n’a pas été renouvelé. Vous seul décidez si elle reste connectée.',
    child: (name: string) => `${name}, que vous représentez`,
    back: 'Vous pouvez revenir sur cette autorisation à tout moment, dans la liste de vos applications.',
    below: 'Elle ne verra jamais plus que ce que les autorisations des patients vous permettent de voir.',
    other: 'Vous êtes aussi quelqu’un d’autre ici ?',
    join: 'Ajoutez votre autre connexion à celle-ci, une fois pour toutes : vous choisirez ensuite à quel titre vous venez.',
    add: (name: string) => `Ajouter ${name}`,
    allow: 'Autoriser',
    deny: 'Refuser',
  },
  en: {
    title: (app: string) => `Allow “${app}”?`,
    as: (name: string) => `You are logged in: ${name}.`,
    roles: { professional: 'health professional', patient: 'patient' } as Partial<Record<Role, string>>,
    regulator: 'emergency call centre',
    publisher: (name: string) => `It is published by ${name}.`,
    purpose: 'What it is for',
    who: 'Acting as',
    reads: 'It will be able to read',
    adds: 'It will be able to add or change',
    until: 'Until when',
    session: 'As long as you stay logged in, eight hours at most.',
    offline: 'One year at most, also when you are not logged in.',
    identity: 'It will know who you are in this service.',
    day: (until: number) =>
      `Until ${new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'Europe/Paris' }).format(until)} at most.`,
    again:
      'The review of this application is over and was not renewed. Whether it stays connected is yours alone to decide.',
    child: (name: string) => `${name}, whom you represent`,
    back: 'You can take this back at any time, in the list of your applications.',
    below: 'It will never see more than what the permissions of patients let you see.',
    other: 'Are you here as somebody else too?',
    join: 'Add your other login to this one, once and for all: then you choose each time as whom you come.',
    add: (name: string) => `Add ${name}`,
    allow: 'Allow',
    deny: 'Refuse',
  },
};

export interface AuthorizePage {
  root: string;
  action: string;
  client: string;
  /** As its listing says it. */
  about?: Client['about'];
  name: string;
  /** As whom and for whom, where there are several. */
  choices: readonly { value: string; name?: string; role: Role; place?: string; regulator: boolean }[];
  /** Resource scopes. */
  scopes: readonly string[];
  offline: boolean;
  /** Of a patient's connection. */
  life?: Life;
  /** One of the roles is a patient's; all are. */
  hasPatient: boolean;
  isPatients: boolean;
  /** Ways by which another role may be added. */
  joinable: readonly { id: string; name: string }[];
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
      ${
        asked.about === undefined
          ? undefined
          : html`<h2>${words.purpose}</h2>
              <p>${asked.about.purpose[language]}</p>
              <p>${words.publisher(asked.about.publisher)}</p>`
      }
      <form method="post" action="${asked.action}/authorize">
        ${
          asked.choices.length < 2
            ? undefined
            : roles(
                words.who,
                asked.choices.map((choice) => ({ value: choice.value, text: textOf(choice, words) })),
                asked.isPatients,
              )
        }
        ${asked.find ? findFields(language, asked.notFound) : undefined} ${listing(words.reads, reads)}
        ${listing(words.adds, adds)}
        <p>${words.identity}</p>
        <h2>${words.until}</h2>
        ${asked.life?.reviewEnded === undefined ? undefined : html`<p class="notice">${words.again}</p>`}
        <p>${asked.offline ? words.offline : words.session}</p>
        ${asked.life === undefined ? undefined : html`<p>${words.day(asked.life.until)}</p>`}
        ${asked.hasPatient ? html`<p>${words.back}</p>` : undefined}
        ${asked.isPatients ? undefined : html`<p>${words.below}</p>`}
        <button type="submit">${words.allow}</button>
        <button type="submit" class="plain" formnovalidate formaction="${asked.action}/leave">
          ${words.deny}
        </button>
      </form>
      ${asked.joinable.length === 0 ? undefined : joining(asked, words)}`,
    asked.root,
  );
}

function textOf(
  { name = '', role, place, regulator }: AuthorizePage['choices'][number],
  words: (typeof WORDS)[Language],
): string {
  if (role === 'representative') return words.child(name);
  const what = regulator ? words.regulator : (words.roles[role] ?? role);
  return [name, what, place].filter(Boolean).join(', ');
}

function joining({ action, joinable }: AuthorizePage, words: (typeof WORDS)[Language]): Html {
  return html`<h2>${words.other}</h2>
    <p>${words.join}</p>
    <ul class="ways">
      ${joinable.map(
        ({ id, name }) =>
          html`<li><a class="plain button" href="${action}/with?upstream=${id}">${words.add(name)}</a></li>`,
      )}
    </ul>`;
}

function listing(title: string, names: readonly string[]): Html | undefined {
  if (names.length === 0) return undefined;
  return html`<h2>${title}</h2>
    <ul>
      ${names.map((name) => html`<li>${name}</li>`)}
    </ul>`;
}

function roles(title: string, choices: readonly { value: string; text: string }[], first: boolean): Html {
  return html`<fieldset>
    <legend>${title}</legend>
    ${choices.map(
      ({ value, text }, index) =>
        html`<label
          ><input
            type="radio"
            name="person"
            value="${value}"
            required${new Html(first && index === 0 ? ' checked' : '')}
          />${text}</label
        >`,
    )}
  </fieldset>`;
}
