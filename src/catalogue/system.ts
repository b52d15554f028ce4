/** A hospital's or laboratory's system as a client: what it is asked to be. Pure. */
import { X509Certificate } from 'node:crypto';
import { type CertificateName, isCertificateName } from '../auth/certified.ts';
import { type Client, type ForPersons, mayAssert } from '../auth/clients.ts';
import { FhirError } from '../fhir/outcome.ts';
import { keysIn } from './keys.ts';
import { type Fields, fieldsOf, httpsIn, listIn, textIn } from './reading.ts';

const FIELDS = [
  'id',
  'name',
  'organization',
  'scope',
  'jwks',
  'jwksUri',
  'idPrefixes',
  'rights',
  'introspects',
  'launches',
  'persons',
  'auth',
  'certificateBound',
  'certificateName',
];
const AUTH = ['private_key_jwt', 'self_signed_tls_client_auth', 'tls_client_auth'] as const;
/** Beside depositing and reading back: what a register of the directory or of patients may do. */
const RIGHTS = ['directory.write', 'registration.write'];
const PERSONS = /^user\/([A-Za-z]{1,64}|\*)\.c?r?u?d?s?$/;
const SCOPE = /^system\/([A-Za-z]{1,64}|\*)\.c?r?u?d?s?$/;

/** @throws FhirError 400 */
export function systemIn(value: unknown): Client {
  const fields = fieldsOf(value, 'client', FIELDS);
  const id = textIn(fields, 'id', 64);
  if (!/^[a-z][a-z0-9-]{2,63}$/.test(id)) {
    throw new FhirError('value', '`id` is 3 to 64 small letters, digits and hyphens', { expression: 'id' });
  }
  const organization = textIn(fields, 'organization', 80);
  if (!/^Organization\/[A-Za-z0-9\-.]{1,64}$/.test(organization)) {
    throw new FhirError('value', '`organization` is a reference, such as `Organization/1`', {
      expression: 'organization',
    });
  }
  const { jwks, jwksUri, introspects = false, launches = false } = fields;
  const isSigning = fields['auth'] === undefined || fields['auth'] === 'private_key_jwt';
  const { keys } = jwks === undefined ? {} : keysIn(jwks, 'jwks', isSigning);
  const hasKeys = keys !== undefined;
  const auth = authIn(fields, keys);
  // one that an authority's certificate shows needs keys for what it asserts alone
  const needsKeys = auth !== 'tls_client_auth' || jwks !== undefined;
  if (needsKeys ? hasKeys === (jwksUri !== undefined) : hasKeys) {
    throw new FhirError(
      'required',
      'a system shows itself by its keys: `jwks` with 1 to 10 `keys`, or `jwksUri`',
      { expression: 'jwks' },
    );
  }
  const scopes = textIn(fields, 'scope', 4000).split(' ');
  const wrong = scopes.find((scope) => !SCOPE.test(scope) || scope.endsWith('.'));
  if (wrong !== undefined) {
    throw new FhirError(
      'value',
      `\`${wrong.slice(0, 60)}\` is no \`system/\` scope, such as \`system/DocumentReference.cu\``,
      { expression: 'scope' },
    );
  }
  if (typeof introspects !== 'boolean' || typeof launches !== 'boolean') {
    throw new FhirError('value', '`introspects` and `launches` are true or false');
  }
  const rights = fields['rights'] === undefined ? [] : listIn(fields, 'rights', RIGHTS.length);
  if (!rights.every((right) => RIGHTS.includes(right as string))) {
    throw new FhirError('value', `\`rights\` are of: ${RIGHTS.join(', ')}`, { expression: 'rights' });
  }
  const idPrefixes = fields['idPrefixes'] === undefined ? [] : listIn(fields, 'idPrefixes', 10);
  if (!idPrefixes.every((prefix) => typeof prefix === 'string' && /^[A-Za-z0-9\-.]{2,20}$/.test(prefix))) {
    throw new FhirError('value', '`idPrefixes` have 2 to 20 letters, digits, hyphens or dots', {
      expression: 'idPrefixes',
    });
  }
  const client: Client = {
    id,
    name: textIn(fields, 'name', 200),
    auth,
    ...certificateNameIn(fields, auth),
    ...(boundIn(fields) ? { certificateBound: true } : {}),
    ...(hasKeys ? { jwks: { keys } } : jwksUri === undefined ? {} : { jwksUri: httpsIn(jwksUri, 'jwksUri') }),
    redirectUris: [],
    scope: [...scopes, ...(rights as string[])].join(' '),
    system: { organization, rights: rights as string[], idPrefixes: idPrefixes as string[] },
    ...(introspects ? { introspects } : {}),
    ...(launches ? { launches } : {}),
    ...(fields['persons'] === undefined ? {} : { persons: personsIn(fields['persons']) }),
  };
  if (client.persons?.asserts === true && !mayAssert(client)) {
    throw new FhirError(
      'value',
      'a system that writes the directory names no professionals by its own word',
      {
        expression: 'persons.asserts',
      },
    );
  }
  return client;
}

/** @param keys as they are registered, not where they are read from elsewhere */
function authIn(fields: Fields, keys: readonly object[] | undefined): Client['auth'] {
  const { auth = 'private_key_jwt' } = fields;
  const found = AUTH.find((each) => each === auth);
  if (found === undefined)
    throw new FhirError('value', `\`auth\` is one of: ${AUTH.join(', ')}`, { expression: 'auth' });
  if (found !== 'self_signed_tls_client_auth' || keys === undefined || keys.some(isCertified)) return found;
  throw new FhirError('value', 'a system that shows a TLS certificate has it in its `jwks`, as `x5c`', {
    expression: 'jwks',
  });
}

/** Exactly one name, where an authority's certificate is shown: https://datatracker.ietf.org/doc/html/rfc8705#section-2.1.2 */
function certificateNameIn(fields: Fields, auth: Client['auth']): Pick<Client, 'certificateName'> {
  const { certificateName: value } = fields;
  const expression = 'certificateName';
  if ((value !== undefined) !== (auth === 'tls_client_auth'))
    throw new FhirError(
      'value',
      '`certificateName` goes with `"auth": "tls_client_auth"`, and is required there',
      {
        expression,
      },
    );
  if (value === undefined) return {};
  const given = fieldsOf(value, expression, ['subjectDn', 'sanDns']);
  const [[kind, name] = ['', undefined], ...others] = Object.entries(given);
  const certificateName = { [kind]: name } as unknown as CertificateName;
  if (others.length > 0 || typeof name !== 'string' || !isCertificateName(certificateName))
    throw new FhirError(
      'value',
      '`certificateName` has either `subjectDn`, such as `CN=dossier,O=Centre hospitalier,C=FR`, or `sanDns`, such as `dossier.hospital.example`',
      { expression },
    );
  return { certificateName };
}

/** https://datatracker.ietf.org/doc/html/rfc7517#section-4.7 */
function isCertified(key: unknown): boolean {
  const { x5c } = (key ?? {}) as { x5c?: unknown };
  const [text] = Array.isArray(x5c) ? (x5c as unknown[]) : [];
  try {
    return typeof text === 'string' && new X509Certificate(Buffer.from(text, 'base64')).raw.length > 0;
  } catch {
    return false;
  }
}

function boundIn({ certificateBound = false }: Fields): boolean {
  if (typeof certificateBound === 'boolean') return certificateBound;
  throw new FhirError('value', '`certificateBound` is true or false', { expression: 'certificateBound' });
}

/** That it acts for professionals: see oauth/exchange.ts and oauth/assertion.ts. */
function personsIn(value: unknown): ForPersons {
  const fields = fieldsOf(value, 'persons', ['scope', 'upstreamClients', 'asserts']);
  const scope = textIn(fields, 'scope', 4000);
  const wrong = scope.split(' ').find((each) => !PERSONS.test(each) || each.endsWith('.'));
  if (wrong !== undefined) {
    throw new FhirError(
      'value',
      `\`${wrong.slice(0, 60)}\` is no \`user/\` scope, such as \`user/DocumentReference.rs\``,
      { expression: 'persons.scope' },
    );
  }
  const { upstreamClients, asserts = false } = fields;
  if (typeof asserts !== 'boolean') {
    throw new FhirError('value', '`asserts` is true or false', { expression: 'persons.asserts' });
  }
  if (upstreamClients === undefined && !asserts) {
    throw new FhirError('required', '`persons` has `upstreamClients`, or `asserts`, or both', {
      expression: 'persons',
    });
  }
  return {
    scope,
    ...(upstreamClients === undefined ? {} : { upstreamClients: knownThere(fields) }),
    ...(asserts ? { asserts } : {}),
  };
}

function knownThere(fields: Fields): string[] {
  const ids = listIn(fields, 'upstreamClients', 10);
  if (!ids.every((each) => typeof each === 'string' && each !== '' && each.length <= 200)) {
    throw new FhirError(
      'value',
      '`upstreamClients` are 1 to 10 ids, by which the provider knows the system',
      { expression: 'persons.upstreamClients' },
    );
  }
  return ids as string[];
}
