/**
 * Requests and responses that are made as Express wants them. Else it gives each a new prototype, and whatever V8 has
 * learnt of such objects is lost for every line that touches them: a tenth of Node's CPU of a read.
 */
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Express } from 'express';

interface Messages {
  IncomingMessage: typeof IncomingMessage;
  ServerResponse: typeof ServerResponse;
}

export function messagesOf(app: Express): Messages {
  class Request extends IncomingMessage {}
  class Response<R extends IncomingMessage> extends ServerResponse<R> {}
  return {
    IncomingMessage: madeAs(app, 'request', Request),
    ServerResponse: madeAs(app, 'response', Response),
  };
}

/** What the application would put behind each message stands behind its class. */
function madeAs<C extends { prototype: object }>(app: Express, name: 'request' | 'response', made: C): C {
  Object.setPrototypeOf(made.prototype, app[name]);
  Object.assign(app, { [name]: made.prototype });
  return made;
}
