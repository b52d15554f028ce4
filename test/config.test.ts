import { DOCUMENTS_TAKEN } from '../src/fhir/content/taken.ts';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { certificateAuthorities } from '../src/config/certificate-authorities.ts';
import { ConfigError, readCommandConfig, readConfig } from '../src/config/config.ts';
import { requireKeySet } from '../src/config/key-set-file.ts';
import { DEFAULT_TYPES, describeVariables } from '../src/config/variables.ts';

const SERVED_BY_DEFAULT = 46;

function problemsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('reads which profiles are required', () => {
    const [own, guide] = [
      'https://carnet.example/fhir/StructureDefinition/pdsm-folder',
      'https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal.SubmissionSet',
    ];
    expect(readConfig({ REQUIRED_PROFILES: `List=${own}, List=${guide}` }).requiredProfiles).toEqual(
      new Map([['List', [own, guide]]]),
    );
    expect(problemsOf({ REQUIRED_PROFILES: `Patient=${own}` })).toEqual([
      expect.stringContaining('known profiles of the type'),
    ]);
    expect(problemsOf({ REQUIRED_PROFILES: 'List' })).toHaveLength(1);
  });

  it('knows the content that documents hold by groups, and media types by name', () => {
    const taken = (text: string) => {
      const { groups, types } = readConfig({ CONTENT_TYPES: text }).contentTaken;
      return [[...groups].join(), [...types].join()];
    };
    expect(taken('+office,-kos')).toEqual(['pdf,image,rtf,text,xml,json,office', '']);
    expect(taken('pdf, application/x-spirometry')).toEqual(['pdf', 'application/x-spirometry']);
    for (const wrong of ['word', '+text/*', 'pdf,+office', '*/*', '+', 'application/x y'])
      expect(problemsOf({ CONTENT_TYPES: wrong })).toEqual([expect.stringContaining('CONTENT_TYPES')]);
  });

  it('has a default for everything, with the embedded database and the demo', () => {
    expect(readConfig({ HOME: '/home/ada', PATH: '/usr/bin:/bin' })).toEqual({
      port: 3000,
      host: '127.0.0.1',
      contentBytes: { patient: 5_000_000, representative: 5_000_000, others: 2_147_483_648 },
      contentTaken: DOCUMENTS_TAKEN,
      disclosure: 'silent',
      documentFeeders: 'enforced',
      patientFinds: 60,
      subscriptionHosts: [],
      dataDir: resolve('.data'),
      database: 'carnet',
      mongodbPort: 27117,
      demo: true,
      baseUrl: 'http://127.0.0.1:3000/fhir',
      resourceTypes: DEFAULT_TYPES,
      auth: {
        audience: 'http://127.0.0.1:3000/fhir',
        server: 'http://127.0.0.1:3000/oauth',
        clientKeyHosts: [],
        rates: { address: 6000, client: 6000, account: 600, requests: 300_000 },
        bounds: { emergencies: false },
        algorithms: ['RS256', 'ES256', 'RS384', 'ES384'],
        roles: ['patient', 'representative', 'professional', 'system', 'app', 'operator'],
      },
      keyFile: resolve('.data/keys/kek.json'),
      maxBodyBytes: 32 * 1024 * 1024,
      proxies: 0,
      metrics: { host: '127.0.0.1' },
      audit: { anchor: resolve('.data/anchor'), archive: resolve('.data/traces'), years: 3 },
      stopPatience: 20_000,
      mongod: { path: '/usr/bin:/bin', cacheDir: '/home/ada/.cache/carnet' },
    });
  });

  it('tells whether a log level was asked for', () => {
    expect([readConfig({}).logLevel, readConfig({ LOG_LEVEL: 'info' }).logLevel]).toEqual([
      undefined,
      'info',
    ]);
  });

  it('reads an empty variable as unset', () => {
    expect(readConfig({ PORT: '', MONGODB_URI: ' ', DEMO: '' })).toEqual(readConfig({}));
  });

  it('leaves the demo off with a database of the operator, unless it is asked for', () => {
    const env = {
      MONGODB_URI: 'mongodb://db/?replicaSet=rs0',
      AUTH_ISSUER: 'https://id.example',
      AUTH_JWKS: '/keys',
    };
    expect(readConfig(env).demo).toBe(false);
    expect(readConfig({ ...env, DEMO: 'on' }).demo).toBe(true);
    expect(readConfig(env).auth.server).toBeUndefined();
    const own = { MONGODB_URI: env.MONGODB_URI, BASE_URL: 'https://fhir.example/a/r4', AUTH_SERVER: 'on' };
    expect(readConfig(own).auth).toMatchObject({ issuer: undefined, server: 'https://fhir.example/a/oauth' });
  });

  it.each([
    ['keys that tokens are checked with', { MONGODB_URI: 'mongodb://db/?replicaSet=rs0' }],
    ['proxies that pass certificates', { CLIENT_CERTIFICATE_CAS: 'cas.pem' }],
    ['a place to log in', { UPSTREAMS: 'upstreams.json', AUTH_SERVER: 'off' }],
    ['a sender of e-mails', { SMTP_URL: 'smtps://mail.example' }],
  ])('asks a server for %s, and a command not', (_what, env: Record<string, string>) => {
    expect(problemsOf(env)).not.toEqual([]);
    const { mongodbUri, mail } = readCommandConfig(env);
    expect({ mongodbUri, mail }).toEqual({ mongodbUri: env.MONGODB_URI });
  });

  it('tells a command what is wrong with what it reads', () => {
    expect(() => readCommandConfig({ MONGODB_URI: 'localhost:27017' })).toThrow('MONGODB_URI must be');
  });

  it('derives the base, the audience and the key file', () => {
    const config = readConfig({ PORT: '8080', HOST: '0.0.0.0', DATA_DIR: '/srv/carnet' });
    expect(config.baseUrl).toBe('http://127.0.0.1:8080/fhir');
    expect(config.keyFile).toBe('/srv/carnet/keys/kek.json');
    expect(readConfig({ HOST: '::1' }).baseUrl).toBe('http://[::1]:3000/fhir');
    expect(readConfig({ BASE_URL: 'https://fhir.example/r4/' }).auth.audience).toBe(
      'https://fhir.example/r4',
    );
  });

  it('tells all that is wrong at once', () => {
    expect(problemsOf({ PORT: '0', LOG_LEVEL: 'loud' })).toEqual([
      'PORT must be a whole number from 1 to 65535, not `0`',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, not `loud`',
    ]);
  });

  it.each([
    ['PORT', '3000x'],
    ['PORT', '65536'],
    ['PORT', '1e3'],
    ['HOST', 'a b'],
    ['METRICS_PORT', '0'],
    ['METRICS_HOST', 'a b'],
    ['METRICS_TOKEN', 'too-short'],
    ['BASE_URL', 'ftp://host/fhir'],
    ['BASE_URL', 'http://host/fhir?x=1'],
    ['BASE_URL', 'http://user:secret@host/fhir'],
    ['MONGODB_URI', 'localhost:27017'],
    ['MONGODB_DATABASE', 'a.b'],
    ['MONGODB_DATABASE', 'x'.repeat(51)],
    ['MONGODB_CACHE_GB', '0.1'],
    ['DEMO', 'maybe'],
    ['AUTH_JWKS', 'http://id.example/jwks'],
    ['AUTH_JWKS', 'file:///etc/keys'],
    ['MAX_BODY_MIB', '-1'],
    ['CLIENT_CERTIFICATES', 'client-cert'],
    ['CLIENT_CERTIFICATES', 'client-cert@proxy.example'],
    ['CLIENT_CERTIFICATES', '@10.0.0.5'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '11'],
    ['STOP_SECONDS', '601'],
    ['AUTH_ROLES', 'professional,all'],
    ['AUTH_ROLES', 'doctor'],
    ['AUTH_ORGANIZATIONS', 'Practitioner/1'],
    ['AUTH_ORGANIZATIONS', 'Organization/a b'],
    ['AUTH_PURPOSES', 'TREAT,CURIOSITY'],
    ['AUTH_EMERGENCIES', 'sometimes'],
  ])('refuses %s=%s', (name, value) => {
    expect(problemsOf({ DEMO: 'on', [name]: value })).toEqual([expect.stringMatching(`^${name} must be`)]);
  });

  it.each(['none', 'HS256', 'RS256,HS512', 'rs256', 'RS256,none'])(
    'never accepts the algorithms %s',
    (value) => {
      expect(problemsOf({ AUTH_ALGORITHMS: value })).toHaveLength(1);
    },
  );

  it('lets the issuer claim no emergency unless it is said, and what is listed where a list is given', () => {
    expect(readConfig({}).auth.bounds).toEqual({ emergencies: false });
    const env = {
      AUTH_ORGANIZATIONS: 'Organization/1, Organization/2',
      AUTH_PURPOSES: 'TREAT,ETREAT',
      AUTH_EMERGENCIES: 'on',
    };
    expect(readConfig(env).auth.bounds).toEqual({
      organizations: ['Organization/1', 'Organization/2'],
      purposes: ['TREAT', 'ETREAT'],
      emergencies: true,
    });
  });

  it('lets the issuer give the roles that are listed, and never the test caller’s', () => {
    expect(readConfig({}).auth.roles).not.toContain('insurer');
    expect(readConfig({ AUTH_ROLES: 'professional, authority' }).auth.roles).toEqual([
      'professional',
      'authority',
    ]);
  });

  it('believes client certificates by the header and from the addresses that are named', () => {
    expect(readConfig({}).passing).toBeUndefined();
    expect(readConfig({ CLIENT_CERTIFICATES: 'Client-Cert@10.0.0.5, ::1' }).passing).toEqual({
      header: 'client-cert',
      proxies: ['10.0.0.5', '::1'],
    });
  });

  it('needs an authorization server for people to log in elsewhere', () => {
    expect(problemsOf({ UPSTREAMS: '/etc/upstreams.json', AUTH_SERVER: 'off' })).toEqual([
      expect.stringMatching(/^UPSTREAMS needs AUTH_SERVER=on/),
    ]);
  });

  it('needs an issuer and its keys when the demo is off', () => {
    expect(problemsOf({ DEMO: 'off' }).map((problem) => problem.split(' ')[0])).toEqual([
      'AUTH_ISSUER',
      'AUTH_JWKS',
    ]);
  });

  it('repeats no password of a database address', () => {
    expect(problemsOf({ MONGODB_URI: 'mongo://ada:secret@db', DEMO: 'on' }).join()).not.toContain('secret');
  });

  it('repeats no token of the metrics', () => {
    expect(problemsOf({ METRICS_TOKEN: 'secret' })).toEqual([expect.not.stringContaining('`secret`')]);
  });
});

describe('the served types', () => {
  it(`are ${SERVED_BY_DEFAULT} by default, sorted, none twice`, () => {
    expect(DEFAULT_TYPES).toHaveLength(SERVED_BY_DEFAULT);
    expect([...new Set(DEFAULT_TYPES)].sort()).toEqual(DEFAULT_TYPES);
  });

  it('can be added to and left out', () => {
    const { resourceTypes } = readConfig({ RESOURCE_TYPES: '+Claim, +ExplanationOfBenefit,-Media' });
    const expected = [
      ...DEFAULT_TYPES.filter((type) => type !== 'Media'),
      'Claim',
      'ExplanationOfBenefit',
    ].sort();
    expect(resourceTypes).toEqual(expected);
  });

  it('can be listed', () => {
    expect(readConfig({ RESOURCE_TYPES: 'Patient,Claim,Patient' }).resourceTypes).toEqual([
      'Claim',
      'Patient',
    ]);
  });

  it.each(['Patiant', '+Claims', 'Patient,+Claim', '__proto__', ',', 'constructor'])(
    'refuses %s',
    (value) => {
      expect(problemsOf({ RESOURCE_TYPES: value })).toHaveLength(1);
    },
  );
});

it('takes a port or a socket for `CLAMD`, and nothing else', () => {
  const clamd = (text: string) => readConfig({ CLAMD: text }).clamd;
  expect(clamd('10.0.0.7:3310')).toEqual({ host: '10.0.0.7', port: 3310 });
  expect(clamd('[::1]:3310')).toEqual({ host: '::1', port: 3310 });
  expect(clamd('/run/clamav/clamd.ctl')).toEqual({ path: '/run/clamav/clamd.ctl' });
  expect(readConfig({}).clamd).toBeUndefined();
  for (const text of ['clamav', 'clamav:0', 'clamav:99999', 'http://clamav:3310', 'a b:1'])
    expect(() => clamd(text)).toThrow(ConfigError);
});

it('names authorities of certificates only where certificates come from somewhere, by a file that has some', () => {
  const cas = { CLIENT_CERTIFICATE_CAS: 'cas.pem' };
  expect(() => readConfig(cas)).toThrow('needs CLIENT_CERTIFICATES');
  expect(readConfig({ ...cas, CLIENT_CERTIFICATES: 'client-cert@10.0.0.5' }).authorities).toMatch(
    /\/cas\.pem$/,
  );
  expect(certificateAuthorities(undefined)).toEqual([]);
  for (const path of ['/nowhere/cas.pem', 'package.json'])
    expect(() => certificateAuthorities(path)).toThrow(ConfigError);
});

it('takes a file for AUTH_JWKS only where it is a key set, and tells nothing of what else is in it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'carnet-keys-'));
  const [good, other] = [join(folder, 'jwks.json'), join(folder, 'other.txt')];
  writeFileSync(good, JSON.stringify({ keys: [{ kty: 'EC' }] }));
  writeFileSync(other, 'hunter2');
  try {
    for (const place of [undefined, 'https://id.example/jwks', good])
      expect(() => requireKeySet(place)).not.toThrow();
    for (const place of ['/nowhere/jwks.json', 'package.json', other])
      expect(() => requireKeySet(place)).toThrow(ConfigError);
    expect(() => requireKeySet(other)).not.toThrow('hunter2');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('has the README list every variable with its default', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.replaceAll(/ +/g, ' '));
  const section = /^## Configuration$([^]*?)^## /m.exec(readme)?.[1] ?? '';
  expect(rows(section)).toEqual(rows(describeVariables()));
});
