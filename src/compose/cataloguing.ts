/** The catalogue and the registry, wired. */
import { randomUUID } from 'node:crypto';
import type { AccountLog } from '../audit/identity/log.ts';
import { type Clients, deviceOf } from '../auth/clients.ts';
import { networkOf } from '../auth/rate.ts';
import type { Issuer } from '../auth/token.ts';
import { TrustedIssuers } from '../auth/trusted.ts';
import { Desk } from '../catalogue/desk.ts';
import type { Listing } from '../catalogue/listing.ts';
import { Access } from '../enforcement/access.ts';
import type { ResourceStore } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Database } from '../store/database.ts';
import type { KeyRing } from '../store/keys/keys.ts';
import { MongoShelf } from '../store/records/catalogue.ts';
import { rateOfAll } from '../store/records/rates.ts';

export interface CataloguingOptions {
  database: Database;
  ring: KeyRing;
  port: ResourceStore;
  log: AccountLog;
  clients?: Clients;
  /** Only synthetic people live here. */
  isSandbox: boolean;
}

/** In whose name the Devices of apps are kept. */
const KEEPER = 'Organization/carnet-catalogue';

export interface Cataloguing {
  desk: Desk;
  /** The issuers that stewards trust. @param audience `aud` of their tokens */
  issuer(audience: string): (name: string) => Promise<Issuer | undefined>;
  /** @throws FhirError 429 */
  pace(address: string): Promise<void>;
}

/** Reports that one address may send in an hour. */
const REPORTS = 10;
const HOUR = 3600;

export function cataloguing({ database, ring, port, ...options }: CataloguingOptions): Cataloguing {
  const shelf = new MongoShelf(database);
  const reports = rateOfAll(database, ring.derive('rates'), 'reports', REPORTS, HOUR);
  const desk = new Desk({
    ...options,
    shelf,
    device: (listing) => keepDevice(port, listing),
    newId: randomUUID,
    now: Date.now,
  });
  return {
    desk,
    issuer(audience) {
      const trusted = new TrustedIssuers((name) => shelf.issuer(name), audience);
      return (name) => trusted.issuer(name);
    },
    async pace(address) {
      const wait = await reports(networkOf(address));
      if (wait === 0) return;
      throw new FhirError('throttled', 'too many reports from one address: try again in an hour', {
        headers: { 'retry-after': String(wait) },
      });
    },
  };
}

/** An app is a Device that patients can name in their Consents. */
async function keepDevice(port: ResourceStore, listing: Listing): Promise<void> {
  const access = Access.internal('the Device of an app of the catalogue');
  const id = deviceOf(listing.id).slice('Device/'.length);
  const resource = asDevice(id, listing);
  const previous = await port.get(access, 'Device', id);
  await port.commit({
    changes: [
      {
        method: previous === undefined ? 'POST' : 'PUT',
        type: 'Device',
        id,
        patients: [],
        by: KEEPER,
        labels: [],
        resource,
        ...(previous === undefined ? {} : { previous }),
      },
    ],
    locks: [],
    actor: KEEPER,
    audit: () => [],
  });
}

function asDevice(id: string, { name, publisher, client }: Listing): Resource {
  return {
    resourceType: 'Device',
    id,
    identifier: [{ system: 'https://carnet.example/fhir/NamingSystem/app', value: id.slice('app-'.length) }],
    status: 'active',
    manufacturer: publisher.name,
    deviceName: [{ name: name.fr, type: 'user-friendly-name' }],
    type: { text: client.launchUri === undefined ? 'application' : 'application SMART on FHIR' },
    ...(publisher.site === undefined ? {} : { url: publisher.site }),
  };
}
