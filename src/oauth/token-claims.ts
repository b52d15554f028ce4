/** What is kept beside each access token: who calls with it, and what it hangs on. See auth/grants.ts */
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Artifacts, Connected, Held } from '../auth/grants.ts';
import { type Registration, registrationOf } from './adapter.ts';
import { type ClientPace, isCounted, keepPace } from './client-pace.ts';
import { invalidGrant } from './invalid-grant.ts';
import { scopesAsked } from './scopes.ts';

export interface TokenClaims extends ClientPace {
  /** Absolute FHIR base. */
  base: string;
  artifacts: Artifacts;
  /** A patient's app is still connected by this Consent. */
  stands(consent: string): Promise<boolean>;
}

interface Token {
  kind: string;
  scope?: string;
  grantId?: string;
  sessionUid?: string;
  expiresWithSession?: boolean;
}

type Told = Promise<Record<string, unknown>>;

export function tokenClaims({ base, artifacts, pace, stands, errors }: TokenClaims) {
  return async (ctx: KoaContextWithOIDC, made: object): Told => {
    const token = made as Token;
    const registration = registrationOf(ctx.oidc.client!);
    if (!isCounted(ctx)) await keepPace(ctx, { pace, errors });
    return token.kind === 'ClientCredentials'
      ? systemToken(token, registration)
      : personToken(token, registration);
  };

  async function personToken(token: Token, registration: Registration): Told {
    const { grantId, sessionUid, expiresWithSession } = token;
    const settled = grantId === undefined ? undefined : await artifacts.settled(grantId);
    if (settled === undefined || grantId === undefined)
      throw new errors.InvalidGrant('the authorization has ended');
    const { connection, lives = [], patient, encounter, fhirUser } = settled;
    if (!(await artifacts.areAlive(lives))) throw new errors.InvalidGrant('the role has ended');
    if (connection !== undefined && !(await isConnected(connection))) {
      await artifacts.endGrant(grantId);
      throw invalidGrant(errors, 'the connection has ended: the patient is asked again');
    }
    const session = expiresWithSession === true ? [artifacts.life('session', sessionUid!)] : [];
    const held: Held = {
      holder: settled.holder,
      lives: [artifacts.life('grant', grantId), registration.life, ...session, ...lives],
      lasting: [registration.life, ...lives],
      ...(connection === undefined ? {} : { until: connection.until }),
    };
    return {
      held,
      ...(patient === undefined ? {} : { patient }),
      ...(encounter === undefined ? {} : { encounter }),
      fhirUser: `${base}/${fhirUser}`,
    };
  }

  async function isConnected({ consent, until }: Connected): Promise<boolean> {
    return Date.now() < until && stands(consent);
  }

  async function systemToken(token: Token, { client, life }: Registration): Told {
    const { system } = client;
    if (system === undefined) throw new errors.UnauthorizedClient('the client is no system');
    const { scopes, fault } = scopesAsked(token.scope, client.scope, 'system');
    if (fault !== undefined) throw new errors.InvalidScope(fault, token.scope ?? '');
    if (scopes.length === 0) throw new errors.InvalidScope('no `system/` scope is asked for', '');
    token.scope = scopes.join(' ');
    const holder: Held['holder'] = {
      role: 'system',
      reference: system.organization,
      depositor: system.organization,
      related: [],
      organizations: [system.organization],
      purposes: ['TREAT'],
      emergencies: [],
      regulator: false,
      rights: system.rights,
      idPrefixes: system.idPrefixes,
      client: client.id,
      name: client.name,
    };
    return { held: { holder, lives: [life], lasting: [life] } };
  }
}
