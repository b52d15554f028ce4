/** What oidc-provider asks of its storage: https://github.com/panva/node-oidc-provider/blob/v9.x/example/my_adapter.js */
import type { Adapter, AdapterPayload, errors as Errors } from 'oidc-provider';
import type { CertificateName } from '../auth/certified.ts';
import { type Client, type Clients, mayAssert } from '../auth/clients.ts';
import type { Artifacts } from '../auth/grants.ts';
import { JWT_BEARER, TOKEN_EXCHANGE } from './smart.ts';

/** A registered client as it is for one request, with what its tokens hang on. */
export interface Registration {
  client: Client;
  life: string;
}

export function registrationOf(client: object): Registration {
  return (client as { registration: Registration }).registration;
}

/** Of what the library says no time for: seconds. */
const SHORT = 600;

/** @param exchanges whether tokens of another provider are exchanged here */
export function adapterFor(
  artifacts: Artifacts,
  clients: Clients,
  errors: typeof Errors,
  exchanges: boolean,
): (kind: string) => Adapter {
  return (kind) =>
    kind === 'Client' ? clientAdapter(clients, exchanges) : artifactAdapter(kind, artifacts, errors);
}

function artifactAdapter(kind: string, artifacts: Artifacts, errors: typeof Errors): Adapter {
  return {
    async upsert(id, payload, seconds = SHORT) {
      await artifacts.put(kind, id, payload, seconds);
      if (kind !== 'Session' || payload.uid === undefined) return;
      if (!(await artifacts.begin('session', payload.uid, seconds))) await artifacts.end(kind, id);
    },
    find: (id) => artifacts.find(kind, id) as Promise<AdapterPayload | undefined>,
    findByUid: (uid) => artifacts.findByUid(kind, uid) as Promise<AdapterPayload | undefined>,
    findByUserCode: async () => undefined,
    async consume(id) {
      if (await artifacts.use(kind, id)) return;
      // of several at once one came first: whoever comes with the same has it from where it should not be
      const { grantId } = (await artifacts.find(kind, id)) ?? {};
      if (grantId !== undefined) await artifacts.endGrant(grantId);
      throw new errors.InvalidGrant('it was used before');
    },
    destroy: (id) => (kind === 'Grant' ? endGrant(id) : artifacts.end(kind, id)),
    revokeByGrantId: (grantId) => artifacts.endGrant(grantId),
  };

  async function endGrant(id: string): Promise<void> {
    await artifacts.end(kind, id);
    await artifacts.endGrant(id);
  }
}

function clientAdapter(clients: Clients, exchanges: boolean): Adapter {
  const nothing = async (): Promise<undefined> => undefined;
  return {
    async find(id) {
      const found = await clients.find(id);
      return found === undefined ? undefined : metadataOf(found, exchanges);
    },
    upsert: () => Promise.reject(new Error('clients are registered elsewhere')),
    findByUid: nothing,
    findByUserCode: nothing,
    consume: nothing,
    destroy: nothing,
    revokeByGrantId: nothing,
  };
}

/** https://datatracker.ietf.org/doc/html/rfc8705#section-2.1.2 */
function nameOf(name: CertificateName): AdapterPayload {
  return 'sanDns' in name
    ? { tls_client_auth_san_dns: name.sanDns }
    : { tls_client_auth_subject_dn: name.subjectDn };
}

/** https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata */
function metadataOf(registration: Registration, exchanges: boolean): AdapterPayload {
  const { client } = registration;
  const logsIn = client.redirectUris.length > 0;
  const isByTls = client.auth === 'self_signed_tls_client_auth' || client.auth === 'tls_client_auth';
  const isSystem = client.system !== undefined && (isByTls || client.auth === 'private_key_jwt');
  return {
    client_id: client.id,
    client_name: client.name,
    redirect_uris: client.redirectUris,
    response_types: logsIn ? ['code'] : [],
    grant_types: [
      ...(logsIn ? (['authorization_code', 'refresh_token'] as const) : []),
      ...(isSystem ? (['client_credentials'] as const) : []),
      ...(isSystem && exchanges && client.persons?.upstreamClients !== undefined ? [TOKEN_EXCHANGE] : []),
      ...(isSystem && mayAssert(client) ? [JWT_BEARER] : []),
    ],
    application_type: client.redirectUris.every((uri) => /^https?:/.test(uri)) ? 'web' : 'native',
    token_endpoint_auth_method: client.auth === 'client_secret' ? 'client_secret_basic' : client.auth,
    ...(client.secretHash === undefined ? {} : { client_secret: client.secretHash }),
    ...(client.certificateName === undefined ? {} : nameOf(client.certificateName)),
    ...(client.jwks === undefined ? {} : { jwks: client.jwks as never }),
    ...(client.jwksUri === undefined ? {} : { jwks_uri: client.jwksUri }),
    tls_client_certificate_bound_access_tokens: isByTls || client.certificateBound === true,
    id_token_signed_response_alg: client.idTokenAlgorithm ?? 'RS256',
    // each client is a sector of its own, whatever the hosts of its redirect URIs
    ...(logsIn
      ? {
          subject_type: 'pairwise',
          sector_identifier_uri: `https://sector.invalid/${encodeURIComponent(client.id)}`,
        }
      : { subject_type: 'public' }),
    post_logout_redirect_uris: client.redirectUris,
    registration,
  } as AdapterPayload;
}
