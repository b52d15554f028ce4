/** What the database couldn't do, as callers are told. https://www.mongodb.com/docs/manual/reference/error-codes/ */
import { MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { FhirError } from '../fhir/outcome.ts';

const MAX_TIME_EXPIRED = 50;

/** The database can't be reached, or another node takes over. */
export function isAway(error: unknown): boolean {
  return error instanceof MongoNetworkError || error instanceof MongoServerSelectionError;
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
