/** The trace that a run of the report leaves: nobody's data, and who ran it. */
import { randomUUID } from 'node:crypto';
import type { Subject } from '../../consent/subject.ts';
import type { Trace } from '../../enforcement/ports.ts';
import { tracesOf } from '../tracing.ts';

export interface Run {
  /** The account of the machine. */
  user: string;
  /** The arguments. */
  query: readonly (readonly [string, string])[];
  base: string;
  professions: string;
}

export function runTrace({ user, query, base, professions }: Run, at: number): Trace[] {
  const subject: Subject = {
    role: 'operator',
    reference: 'Device/carnet-unusual-access',
    depositor: 'Device/carnet-unusual-access',
    name: user,
    client: 'carnet unusual-access',
    purposes: ['HSYSADMIN'],
    organizations: [],
    related: [],
    emergencies: [],
    regulator: false,
    scopes: [],
    rights: [],
    idPrefixes: [],
  };
  const traced = {
    audit: { code: 'operation', action: 'E' as const },
    params: {},
    url: '$unusual-access',
    query,
    requestId: randomUUID(),
    subject,
    base,
    address: '127.0.0.1',
  };
  const concern = {
    patient: '',
    refused: false,
    hidden: false,
    secret: false,
    named: new Map(),
    wrote: [],
    count: 0,
    standing: 'other' as const,
    decided: [],
  };
  return tracesOf(traced, [concern], { outcome: '0', professions }, at);
}
