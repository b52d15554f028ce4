/** References to resources of this server: https://hl7.org/fhir/R4/references.html#literal */
import { isResourceType } from './definitions.ts';

const LOCAL = /^([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/;

export interface Local {
  type: string;
  id: string;
  /** `Type/id` */
  key: string;
  version?: string;
}

/** What lies below our own base loses it. */
export function relative(address: string, base: string): string {
  return base !== '' && address.startsWith(`${base}/`) ? address.slice(base.length + 1) : address;
}

export function parseLocal(address: string, base: string): Local | undefined {
  const [, type, id, version] = LOCAL.exec(relative(address, base)) ?? [];
  if (type === undefined || id === undefined || !isResourceType(type)) return undefined;
  return { type, id, key: `${type}/${id}`, version };
}
