/** What the server says it can do, made from what it serves: https://hl7.org/fhir/R4/capabilitystatement.html */
import { JSON_PATCH, XML_PATCH } from '../fhir/patch/index.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { DEFINITION_PARAMETERS } from '../interaction/definitions.ts';
import { isFollowed } from '../search/criterion.ts';
import { parametersOf } from '../search/parameter.ts';
import { TOPICS } from '../subscription/topics.ts';
import { CAPABILITY, PROFILE } from '../subscription/vocabulary.ts';
import { COMPARTMENTS, DEFINITIONS, type Route } from './routes.ts';

export interface SearchParameterFacts {
  /** `code` of the SearchParameter. */
  name: string;
  type: string;
  /** Canonical address of its definition. */
  definition?: string;
  /** Types that a reference may point at. */
  target?: readonly string[];
}

export interface CapabilityOptions {
  routes: readonly Route[];
  types: readonly string[];
  /** Those of the type itself; the ones that all types have come in `commonParameters`. */
  searchParameters: (type: string) => readonly SearchParameterFacts[];
  commonParameters: readonly SearchParameterFacts[];
  /** Canonical addresses of the profiles that a resource of the type may be held to. */
  profiles?: (type: string) => readonly string[];
  base: string;
  version: string;
  /** FHIR dateTime: when the software was released. */
  date: string;
  /** Types of content that documents hold. */
  contentTypes: readonly string[];
  /** Where our own authorization server is, as an extension. */
  oauth?: Json;
}

const DEFINITIONS_OF_R4 = 'http://hl7.org/fhir';
const OWN = 'https://carnet.example/fhir';
const SYSTEM_CODES = ['transaction', 'search-system', 'history-system'];
/** Of all types, but without an expression of their own: https://hl7.org/fhir/R4/search.html#all */
const WITHOUT_EXPRESSION: readonly SearchParameterFacts[] = [
  { name: '_text', type: 'string' },
  { name: '_content', type: 'string' },
  { name: '_list', type: 'string' },
  { name: '_has', type: 'string' },
  { name: '_type', type: 'token' },
];
/** How a type is not served: traces stay as they are. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  AuditEvent: ['update', 'patch', 'delete', '$meta-add', '$meta-delete'],
};

/** https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-capabilitystatement-subscriptiontopic-canonical.html */
const TOPICAL: Json = {
  extension: TOPICS.map(({ url }) => ({ url: CAPABILITY, valueCanonical: url })),
  supportedProfile: [PROFILE],
};

/** Actors of IHE, ANS and HL7 Europe that the server is, and the guides that say what they do. docs/interactions/documents.md */
const SHARING = {
  types: ['Binary', 'DocumentReference', 'List', 'Patient'],
  instantiates: [
    'https://profiles.ihe.net/ITI/MHD/CapabilityStatement/IHE.MHD.DocumentRecipient',
    'https://profiles.ihe.net/ITI/MHD/CapabilityStatement/IHE.MHD.DocumentResponder',
    'https://interop.esante.gouv.fr/ig/fhir/pdsm/CapabilityStatement/PDSm-GestionnaireDePartageDeDocuments',
    'http://hl7.eu/fhir/health-data-api/CapabilityStatement/document-access-provider-eu-api',
  ],
  implementationGuide: [
    'https://profiles.ihe.net/ITI/MHD/ImplementationGuide/ihe.iti.mhd',
    'https://interop.esante.gouv.fr/ig/fhir/pdsm/ImplementationGuide/ans.fhir.fr.pdsm',
    'http://hl7.eu/fhir/health-data-api/ImplementationGuide/hl7.fhir.eu.health-data-api',
  ],
};

/** What the elements of a CapabilityStatement have no place for. */
const documented = ({ contentTypes }: CapabilityOptions): Readonly<Record<string, string>> => ({
  Binary: `Content of documents: ${contentTypes.join(', ')}. Of \`application/dicom\`, unless configured otherwise, Key Object Selections.`,
  DocumentReference:
    'Published by ITI-65, ITI-105 and ITI-106. Not claimed: the Document Submission Option of HL7 Europe’s Document Access Provider, since content is held to R4 and to the profiles that it claims and that are known here, not to the European content profiles. Not served: XDS.b over SOAP, on-demand documents.',
});

export function capabilityStatement(options: CapabilityOptions): Resource {
  const types = [...options.types].sort();
  const isSharing = SHARING.types.every((type) => types.includes(type));
  return {
    resourceType: 'CapabilityStatement',
    url: `${options.base}/metadata`,
    version: options.version,
    name: 'Carnet',
    title: 'Carnet, a health data server that asks the patient first',
    status: 'active',
    date: options.date,
    kind: 'instance',
    ...(isSharing ? { instantiates: SHARING.instantiates } : {}),
    software: { name: 'Carnet', version: options.version },
    implementation: { description: 'Carnet FHIR R4 server', url: options.base },
    ...(isSharing ? { implementationGuide: SHARING.implementationGuide } : {}),
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json', 'application/fhir+xml', 'xml'],
    patchFormat: [JSON_PATCH, XML_PATCH, 'application/fhir+json', 'application/fhir+xml'],
    rest: [
      {
        mode: 'server',
        documentation: 'What the patient of a resource did not permit answers as if it did not exist.',
        security: {
          ...(options.oauth === undefined ? {} : { extension: [options.oauth] }),
          cors: options.oauth !== undefined,
          service: [
            {
              coding: [
                {
                  system: 'http://terminology.hl7.org/CodeSystem/restful-security-service',
                  code: 'SMART-on-FHIR',
                },
              ],
            },
          ],
          description: 'A bearer token with SMART scopes, except for `metadata`.',
        },
        resource: [
          ...types.map((type) => resourceOf(type, types, options)),
          ...[...DEFINITIONS]
            .filter((type) => !types.includes(type))
            .map((type) => definitionOf(type, options.routes)),
        ],
        interaction: systemInteractions(options.routes),
        ...list('operation', operationsOf(options.routes.filter(({ path }) => path.startsWith('$')))),
        searchParam: [...options.commonParameters, ...WITHOUT_EXPRESSION].map(parameterOf),
        compartment: COMPARTMENTS.filter((type) => types.includes(type)).map(
          (type) => `${DEFINITIONS_OF_R4}/CompartmentDefinition/${type.toLowerCase()}`,
        ),
      },
    ],
  };
}

function resourceOf(type: string, types: string[], options: CapabilityOptions): Json {
  const parameters = options.searchParameters(type);
  const { [type]: refused = [] } = REFUSED;
  const { [type]: documentation } = documented(options);
  const routes = options.routes.filter(
    ({ code, interaction }) => ![code, interaction].some((each) => refused.includes(each)),
  );
  const serves = (interaction: string) => routes.some((route) => route.interaction === interaction);
  return {
    type,
    ...(type === 'Subscription' ? TOPICAL : list('supportedProfile', [...(options.profiles?.(type) ?? [])])),
    profile: `${DEFINITIONS_OF_R4}/StructureDefinition/${type}`,
    ...(documentation === undefined ? {} : { documentation }),
    interaction: typeInteractions(routes).map((code) => ({ code })),
    versioning: 'versioned-update',
    readHistory: serves('vread'),
    updateCreate: serves('update'),
    conditionalCreate: serves('create'),
    conditionalRead: 'full-support',
    conditionalUpdate: serves('conditional-update'),
    conditionalDelete: serves('conditional-delete') ? 'single' : 'not-supported',
    referencePolicy: ['literal', 'logical'],
    ...list('searchInclude', includesOf(type, parameters)),
    ...list('searchRevInclude', revIncludesOf(type, types, options)),
    ...list('searchParam', parameters.map(parameterOf)),
    ...list('operation', operationsOf(routes.filter((route) => isOfType(route) || isOnlyOf(type, route)))),
  };
}

/** From files: read and searched only. */
const definitionOf = (type: string, routes: readonly Route[]): Json => ({
  type,
  profile: `${DEFINITIONS_OF_R4}/StructureDefinition/${type}`,
  interaction: [{ code: 'read' }, { code: 'search-type' }],
  versioning: 'no-version',
  searchParam: Object.entries(DEFINITION_PARAMETERS).map(([name, kind]) => ({ name, type: kind })),
  ...list('operation', operationsOf(routes.filter((route) => isOnlyOf(type, route)))),
});

/** Empty arrays are not allowed in FHIR. */
const list = (name: string, values: unknown[]): Json => (values.length === 0 ? {} : { [name]: values });

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

const typeInteractions = (routes: readonly Route[]): string[] =>
  unique(routes.filter((route) => isOfType(route) && route.code !== 'operation').map((route) => route.code));

const isOfType = ({ path }: Route): boolean => path.startsWith('[type]');
const isOnlyOf = (type: string, { path }: Route): boolean => path.startsWith(`${type}/`);

function systemInteractions(routes: readonly Route[]): Json[] {
  const codes = unique(routes.map((route) => route.code)).filter((code) => SYSTEM_CODES.includes(code));
  return codes
    .flatMap((code) => (code === 'transaction' ? ['transaction', 'batch'] : [code]))
    .map((code) => ({ code }));
}

/** What follows an operation's own address is part of its answer. */
const isCalled = (path: string): boolean => path.slice(path.lastIndexOf('/') + 1).startsWith('$');

const operationsOf = (routes: readonly Route[]): Json[] => [
  ...new Map(
    routes
      .filter(({ code, path }) => code === 'operation' && isCalled(path))
      .map(({ interaction, own, definition, documentation }): [string, Json] => {
        const name = interaction === '$validate-code-system' ? 'validate-code' : interaction.slice(1);
        const standard = `${DEFINITIONS_OF_R4}/OperationDefinition/Resource-${name}`;
        const address = definition ?? (own ? `${OWN}/OperationDefinition/${name}` : standard);
        return [
          name,
          { name, definition: address, ...(documentation === undefined ? {} : { documentation }) },
        ];
      }),
  ).values(),
];

const parameterOf = ({ name, type, definition }: SearchParameterFacts): Json => ({
  name,
  ...(definition === undefined ? {} : { definition }),
  type,
});

const includesOf = (type: string, parameters: readonly SearchParameterFacts[]): string[] =>
  parameters.filter((parameter) => leads(type, parameter)).map(({ name }) => `${type}:${name}`);

const revIncludesOf = (type: string, types: string[], { searchParameters }: CapabilityOptions): string[] =>
  types.flatMap((source) =>
    searchParameters(source)
      .filter((parameter) => leads(source, parameter) && (parameter.target ?? [type]).includes(type))
      .map(({ name }) => `${source}:${name}`),
  );

function leads(source: string, { name }: SearchParameterFacts): boolean {
  const parameter = parametersOf(source).get(name);
  return parameter !== undefined && isFollowed(parameter);
}
