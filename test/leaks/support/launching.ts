/** Tokens as people get them: logged in, allowed at the screen, by an EHR where a professional opens the app. */
import {
  APP_SCOPE,
  Browser,
  launch,
  type Oauth,
  oauthServer,
  PUBLIC,
  tokenRequest,
} from '../../oauth/support/oauth.ts';
import type { Client } from '../../support/server.ts';
import type { Kind } from './kinds.ts';

const EHR = 'ehr';

/** Each kind's person has an account of its name. */
export async function launching(file: string, kinds: readonly Kind[], newId: () => string): Promise<Oauth> {
  const persons = new Map(
    kinds.flatMap(({ kind, launched: by }) => (by === undefined ? [] : [[kind, by.person]])),
  );
  const oauth = await oauthServer(file, {
    newId,
    passwords: { check: async (user) => user },
    accounts: {
      async find(id) {
        const person = persons.get(id);
        if (person === undefined) return undefined;
        const unsaid = { related: [], organizations: [], purposes: ['PATRQT'], regulator: false };
        return { id, persons: [{ ...unsaid, ...person }] };
      },
    },
  });
  await oauth.register({ ...PUBLIC, id: EHR, device: undefined, launches: true });
  return oauth;
}

/** The app, with all that it may be given of the patient. */
export async function launched(oauth: Oauth, { kind, me, launched: by }: Kind): Promise<Client> {
  const { of, person } = by!;
  const app = { ...PUBLIC, id: `app-${kind}`, name: kind, scope: APP_SCOPE };
  await oauth.register({ ...app, device: person.role === 'patient' ? me : undefined });
  const asked =
    person.role === 'patient'
      ? { scope: 'openid launch/patient patient/*.cruds' }
      : { scope: 'openid launch patient/*.cruds', launch: await begun(oauth, kind, app.id, of) };
  const tokens = await launch(oauth, kind, { client_id: app.id, ...asked }, new Browser(oauth.issuer), of);
  expect(tokens.patient).toBe(of);
  return oauth.carnet.as({ token: tokens.access_token });
}

async function begun(oauth: Oauth, user: string, client: string, patient: string): Promise<string> {
  const ehr = await launch(oauth, user, { client_id: EHR, scope: 'openid user/*.rs' });
  const authorization = `Bearer ${ehr.access_token}`;
  const { json } = await tokenRequest(oauth, { client_id: client, patient }, { authorization }, 'launch');
  return json.launch as string;
}
