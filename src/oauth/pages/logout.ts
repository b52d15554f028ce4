/** https://openid.net/specs/openid-connect-rpinitiated-1_0.html */
import type { Language } from '../../consent/reasons.ts';
import { Html, html, page } from './html.ts';

const WORDS = {
  fr: {
    title: 'Se déconnecter ?',
    all: 'Vous serez déconnecté sur tous vos appareils. Les applications autorisées à continuer sans vous continuent.',
    apps: 'Voir mes applications',
    yes: 'Se déconnecter',
    no: 'Rester connecté',
    done: 'Vous êtes déconnecté',
    closed: 'Vous pouvez fermer cette page.',
    too: (name: string) => `Vous êtes redirigé vers ${name} pour vous y déconnecter aussi.`,
    go: 'Continuer',
  },
  en: {
    title: 'Log out?',
    all: 'You will be logged out on all your devices. Applications that may go on without you go on.',
    apps: 'See my applications',
    yes: 'Log out',
    no: 'Stay logged in',
    done: 'You are logged out',
    closed: 'You can close this page.',
    too: (name: string) => `You are led to ${name} to log out there too.`,
    go: 'Continue',
  },
};

/** @param form the library's own, with what proves that it was shown here */
export function logoutPage(form: string, language: Language, root: string): string {
  const words = WORDS[language];
  return page(
    language,
    words.title,
    html`<p>${words.all} <a href="${root}/apps">${words.apps}</a></p>
      ${new Html(form)}
      <button type="submit" form="op.logoutForm" name="logout" value="yes">${words.yes}</button>
      <button type="submit" form="op.logoutForm" class="plain">${words.no}</button>`,
    root,
  );
}

export function loggedOut(language: Language, root: string): string {
  const words = WORDS[language];
  return page(language, words.done, html`<p>${words.closed}</p>`, root);
}

/** Goes on by itself, without a script. @param to at the provider @param name the provider's */
export function leavingPage(
  { to, name }: Record<'to' | 'name', string>,
  language: Language,
  root: string,
): string {
  const words = WORDS[language];
  return page(
    language,
    words.done,
    html`<p>${words.too(name)}</p>
      <a class="button" href="${to}">${words.go}</a>`,
    root,
    html`<meta http-equiv="refresh" content="0; url=${to}" />`,
  );
}
