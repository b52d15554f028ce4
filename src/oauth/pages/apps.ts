/** The applications that a person has connected, for themself and for whom they speak. */
import type { ConnectedApp } from '../../auth/records.ts';
import type { Language } from '../../consent/reasons.ts';
import { type Html, html, page } from './html.ts';
import { typeNames } from './words.ts';

const WORDS = {
  fr: {
    title: 'Mes applications connectées',
    of: (name: string) => `Pour ${name}, que vous représentez`,
    none: 'Aucune application n’est connectée.',
    reads: 'Elle consulte',
    adds: 'Elle ajoute ou modifie',
    until: 'Jusqu’au',
    since: 'Connectée le',
    used: 'Dernier accès',
    never: 'jamais',
    offline: 'Accès hors connexion',
    yes: 'oui, aussi quand vous n’êtes pas connecté',
    no: 'non',
    end: (name: string) => `Mettre fin à l’accès de ${name}`,
    ended: 'L’accès de l’application est terminé.',
    over: 'Connexions terminées',
    logout: 'Se déconnecter',
  },
  en: {
    title: 'My connected applications',
    of: (name: string) => `For ${name}, whom you represent`,
    none: 'No application is connected.',
    reads: 'It reads',
    adds: 'It adds or changes',
    until: 'Until',
    since: 'Connected on',
    used: 'Last access',
    never: 'never',
    offline: 'Access while you are away',
    yes: 'yes, also when you are not logged in',
    no: 'no',
    end: (name: string) => `End the access of ${name}`,
    ended: 'The access of the application has ended.',
    over: 'Connections that have ended',
    logout: 'Log out',
  },
};

export interface AppsOf {
  /** Of whom; absent: the person themself. */
  name?: string;
  apps: readonly ShownApp[];
}

export interface ShownApp extends Pick<
  ConnectedApp,
  'name' | 'reads' | 'adds' | 'since' | 'until' | 'isOver'
> {
  /** What its button sends. */
  connection: string;
  /** Last instant, or `never`; absent: it isn't told. */
  used?: string;
  isKeptAlive: boolean;
}

export interface AppsPage {
  root: string;
  proof: string;
  lists: readonly AppsOf[];
  /** One has just been ended. */
  isEnded: boolean;
}

export function appsPage({ root, proof, lists, isEnded }: AppsPage, language: Language): string {
  const words = WORDS[language];
  return page(
    language,
    words.title,
    html`${isEnded ? html`<p class="notice" role="status">${words.ended}</p>` : undefined}
      ${lists.length === 0 ? html`<p>${words.none}</p>` : undefined}
      ${lists.map((list) => listOf(list, { root, proof }, language))}
      <p><a href="${root}/logout">${words.logout}</a></p>`,
    root,
  );
}

function listOf({ name, apps }: AppsOf, form: { root: string; proof: string }, language: Language): Html {
  const words = WORDS[language];
  const live = apps.filter(({ isOver }) => !isOver);
  const over = apps.filter(({ isOver }) => isOver);
  const level = name === undefined ? 2 : 3;
  return html`<section>
    ${name === undefined ? undefined : html`<h2>${words.of(name)}</h2>`}
    ${live.length === 0 ? html`<p>${words.none}</p>` : undefined}
    ${live.map((app) => appOf(app, level, form, language))}
    ${
      over.length === 0
        ? undefined
        : html`${heading(level, words.over)}
            <ul>
              ${over.map((app) => html`<li>${app.name}</li>`)}
            </ul>`
    }
  </section>`;
}

function appOf(
  app: ShownApp,
  level: number,
  { root, proof }: { root: string; proof: string },
  language: Language,
): Html {
  const words = WORDS[language];
  const rows: [string, string][] = [
    ...listed(words.reads, typeNames(app.reads, 'reads', language)),
    ...listed(words.adds, typeNames(app.adds, 'adds', language)),
    [words.since, dayOf(app.since, language)],
    [words.until, dayOf(app.until, language)],
    ...(app.used === undefined
      ? []
      : ([[words.used, app.used === 'never' ? words.never : instantOf(app.used, language)]] satisfies [
          string,
          string,
        ][])),
    [words.offline, app.isKeptAlive ? words.yes : words.no],
  ];
  return html`${heading(level, app.name)}
    <dl>
      ${rows.map(
        ([term, text]) =>
          html`<dt>${term}</dt>
            <dd>${text}</dd>`,
      )}
    </dl>
    <form method="post" action="${root}/apps">
      <input type="hidden" name="proof" value="${proof}" />
      <input type="hidden" name="connection" value="${app.connection}" />
      <button type="submit">${words.end(app.name)}</button>
    </form>`;
}

function heading(level: number, text: string): Html {
  return level === 2 ? html`<h2>${text}</h2>` : html`<h3>${text}</h3>`;
}

function listed(term: string, names: readonly string[]): [string, string][] {
  return names.length === 0 ? [] : [[term, names.join(', ')]];
}

const LOCALES = { fr: 'fr-FR', en: 'en-GB' };

function dayOf(date: string, language: Language): string {
  return formatted(date, { dateStyle: 'long' }, language);
}

function instantOf(date: string, language: Language): string {
  return formatted(date, { dateStyle: 'long', timeStyle: 'short' }, language);
}

function formatted(date: string, style: Intl.DateTimeFormatOptions, language: Language): string {
  const at = Date.parse(date);
  if (Number.isNaN(at)) return date;
  return new Intl.DateTimeFormat(LOCALES[language], { ...style, timeZone: 'Europe/Paris' }).format(at);
}
