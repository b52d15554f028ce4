/** https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known */
import { IDENTITY, LAUNCH } from './scopes.ts';

/** App state, brands and task launch aren't there, and aren't declared. */
const CAPABILITIES = [
  'launch-ehr',
  'launch-standalone',
  'authorize-post',
  'client-public',
  'client-confidential-symmetric',
  'client-confidential-asymmetric',
  'sso-openid-connect',
  'context-banner',
  'context-style',
  'context-ehr-patient',
  'context-ehr-encounter',
  'context-standalone-patient',
  'permission-offline',
  'permission-online',
  'permission-patient',
  'permission-user',
  'permission-v1',
  'permission-v2',
];

/** https://datatracker.ietf.org/doc/html/rfc8693#section-2.1 */
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** https://datatracker.ietf.org/doc/html/rfc7523#section-2.1 */
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

export interface Offers {
  /** Tokens of another provider are exchanged. */
  exchanges: boolean;
  /** Clients' certificates are passed on. */
  certificates: boolean;
  /** Some authorities' are trusted. */
  authorities: boolean;
}

/** @param issuer absolute, without a slash at the end */
export function smartConfiguration(
  issuer: string,
  { exchanges, certificates, authorities }: Offers,
): Record<string, unknown> {
  return {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    userinfo_endpoint: `${issuer}/userinfo`,
    end_session_endpoint: `${issuer}/logout`,
    management_endpoint: `${issuer}/apps`,
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      JWT_BEARER,
      ...(exchanges ? [TOKEN_EXCHANGE] : []),
    ],
    response_types_supported: ['code'],
    token_endpoint_auth_methods_supported: authMethods({ certificates, authorities }),
    ...(certificates ? { tls_client_certificate_bound_access_tokens: true } : {}),
    token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: [...IDENTITY, ...LAUNCH, 'patient/*.cruds', 'user/*.cruds', 'system/*.cruds'],
    capabilities: CAPABILITIES,
  };
}

/** By which clients show that they are themselves, beside PKCE alone. */
export function authMethods({ certificates, authorities }: Omit<Offers, 'exchanges'>): string[] {
  return [
    'client_secret_basic',
    'client_secret_post',
    'private_key_jwt',
    ...(certificates ? ['self_signed_tls_client_auth'] : []),
    ...(certificates && authorities ? ['tls_client_auth'] : []),
  ];
}

/** https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#declaring-support-for-oauth2-endpoints */
export function oauthUris(issuer: string): Record<string, unknown> {
  const uris = { token: 'token', authorize: 'authorize', introspect: 'introspect', revoke: 'revoke' };
  return {
    url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
    extension: Object.entries(uris).map(([url, path]) => ({ url, valueUri: `${issuer}/${path}` })),
  };
}
