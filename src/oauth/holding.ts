/** What the library tells of an access token, it tells of one that holds, as the FHIR base does. */
import type { Provider } from 'oidc-provider';
import type { Clients } from '../auth/clients.ts';
import type { Artifacts, Held } from '../auth/grants.ts';

export interface Holding {
  artifacts: Artifacts;
  clients: Clients;
  /** A patient's app is still connected by this Consent. */
  stands(consent: string): Promise<boolean>;
}

interface Token {
  clientId?: string;
  grantId?: string;
  extra?: { held?: Held };
}

/** One whose client, authorization, role or session has ended is found no more. */
export function findHolding(
  { AccessToken, ClientCredentials }: Provider,
  { artifacts }: Pick<Holding, 'artifacts'>,
): void {
  const holds = async ({ extra }: Token): Promise<boolean> => {
    const { until = Infinity, lives = [] } = extra?.held ?? {};
    return Date.now() < until && artifacts.areAlive(lives);
  };
  for (const Model of [AccessToken, ClientCredentials]) {
    const find = Model.find.bind(Model) as (...asked: unknown[]) => Promise<Token | undefined>;
    const holding = async (...asked: unknown[]): Promise<Token | undefined> => {
      const found = await find(...asked);
      return found !== undefined && (await holds(found)) ? found : undefined;
    };
    Object.assign(Model, { find: holding });
  }
}

/** It is of a client that is known, and of a patient's app as long as the patient lets it. */
export async function isInForce(
  { clientId = '', grantId }: Token,
  { artifacts, clients, stands }: Holding,
): Promise<boolean> {
  if ((await clients.find(clientId)) === undefined) return false;
  const consent = grantId === undefined ? undefined : (await artifacts.settled(grantId))?.connection?.consent;
  return consent === undefined || stands(consent);
}
