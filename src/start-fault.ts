/** Why the server didn't start, said by the variable that mends it. Never quotes `MONGODB_URI`: it holds a password. */
import { types } from 'node:util';
import type { Config } from './config/config.ts';

/** MongoDB's AuthenticationFailed: https://www.mongodb.com/docs/manual/reference/error-codes/ */
const AUTHENTICATION_FAILED = 18;

/** @param config undefined: it was the configuration that could not be read */
export function explainStart(
  error: unknown,
  config?: Pick<Config, 'host' | 'port' | 'mongodbUri'> &
    Partial<Pick<Config, 'metrics' | 'keyFile' | 'dataDir'>>,
): string {
  if (!types.isNativeError(error)) return String(error);
  if (config === undefined) return error.message;
  const { code, port, path } = error as NodeJS.ErrnoException & { port?: number };
  if (path !== undefined && path === config.keyFile)
    return `KEY_FILE ${path} can't be used (${code}): name a file that this user may read, in a folder that they may write`;
  if (path !== undefined && config.dataDir !== undefined && isWithin(config.dataDir, path))
    return `DATA_DIR can't be used (${code} at ${path}): name a folder that this user may write`;
  if (code === 'EADDRINUSE' && port === config.port) {
    return `PORT ${config.port} is in use: stop what listens there, or set PORT to another`;
  }
  if (port !== undefined && port === config.metrics?.port) {
    return `METRICS_PORT ${port} can't be used (${code}): set METRICS_PORT or METRICS_HOST to another`;
  }
  if (code === 'EACCES' && port === config.port) {
    return `PORT ${config.port} may not be used by this user: set PORT to one from 1024 on`;
  }
  if (code === 'EADDRNOTAVAIL' && port === config.port) {
    return `HOST ${config.host} is no address of this machine: set HOST to one, such as 127.0.0.1`;
  }
  return config.mongodbUri === undefined ? error.message : explainDatabase(error);
}

/** It is that folder, or one on the way to it, or something in it. */
const isWithin = (folder: string, path: string): boolean =>
  `${path}/`.startsWith(`${folder}/`) || `${folder}/`.startsWith(`${path}/`);

function explainDatabase(error: Error): string {
  const { code, syscall } = error as { code?: unknown; syscall?: string };
  if (error.name === 'MongoServerSelectionError' || error.name.startsWith('MongoNetwork')) {
    return `the database of MONGODB_URI is out of reach: ${error.message}`;
  }
  if (syscall?.startsWith('query'))
    return 'the host of MONGODB_URI is not known: its SRV record was not found';
  if (code === AUTHENTICATION_FAILED) {
    return 'the database of MONGODB_URI refuses the user or the password';
  }
  if (error.name === 'MongoParseError' || error.name === 'MongoAPIError') {
    return 'MONGODB_URI is not understood by the driver: see the manual of MongoDB on connection strings';
  }
  return error.message;
}
