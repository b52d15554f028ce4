/** What went wrong before there was anywhere to tell the client. */
import type { Language } from '../../consent/reasons.ts';
import { html, page } from './html.ts';

const WORDS = {
  fr: {
    title: 'Cette demande ne peut pas aboutir',
    text: 'L’application a envoyé une demande que ce service n’accepte pas, ou la demande a expiré. Revenez à l’application et recommencez.',
    detail: 'Pour les développeurs',
  },
  en: {
    title: 'This request can’t be completed',
    text: 'The application sent a request that this service doesn’t accept, or the request has expired. Go back to the application and try again.',
    detail: 'For developers',
  },
};

export function errorPage(
  { error, error_description: description }: { error: string; error_description?: string },
  language: Language,
  root: string,
): string {
  const words = WORDS[language];
  return page(
    language,
    words.title,
    html`<p>${words.text}</p>
      <h2>${words.detail}</h2>
      <p><code>${error}</code> ${description ?? ''}</p>`,
    root,
  );
}
