/** The e-mail: that something is new, and where. No word of what, of whom, or of who came. */
import type { Language } from './kinds.ts';

export interface Letter {
  /** Of the message, without what stands behind the `@`: the same in each try. */
  id: string;
  to: string;
  subject: string;
  text: string;
}

const WORDS = {
  fr: {
    subject: 'Du nouveau dans votre espace de santé',
    text: (link: string) =>
      `Bonjour,

Il y a du nouveau dans votre espace de santé. Pour le voir, connectez-vous :

${link}

Ce message est envoyé automatiquement et ne contient aucune donnée de santé.
Vos choix de notification se changent dans votre espace.
`,
  },
  en: {
    subject: 'Something new in your health space',
    text: (link: string) =>
      `Hello,

There is something new in your health space. To see it, log in:

${link}

This message was sent automatically and holds no health data.
You can change what you are told, and how, in your space.
`,
  },
} as const satisfies Record<Language, { subject: string; text: (link: string) => string }>;

export function letterOf(id: string, to: string, language: Language, link: string): Letter {
  const { subject, text } = WORDS[language];
  return { id, to, subject, text: text(link) };
}
