/** What the database couldn't do, as callers are told. https://www.mongodb.com/docs/manual/reference/error-codes/ */
import { MongoBulkWriteError, MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { FhirError } from '../fhir/outcome.ts';

const MAX_TIME_EXPIRED = 50;
const DUPLICATE_KEY = 11000;

/** The database can't be reached, or another node takes over. */
export function isAway(error: unknown): boolean {
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true;
  // the driver's name for a lost connection while it writes several: it has no word of the server's
  return (
    error instanceof MongoBulkWriteError &&
    error.code === undefined &&
    [error.writeErrors].flat().length === 0
  );
}

/** Something of the same unique key was there before. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** The same may have come for the first time twice at once. */
export async function twice<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    return work();
  }
}

/** Undefined for what is a fault of our own. */
export function faultOf(error: unknown): FhirError | undefined {
  if (isAway(error))
    return new FhirError('transient', 'the database can not be reached: try again', { cause: error });
  if (error instanceof MongoServerError && error.code === MAX_TIME_EXPIRED) {
    return new FhirError('too-costly', 'this takes too long: ask for less', { cause: error });
  }
  return undefined;
}
