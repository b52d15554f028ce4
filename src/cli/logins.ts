/** `npm run logins`: the activation code of a space, and accounts that are suspended or go on. */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { accounting } from '../compose/accounting.ts';
import type { AccountEvent } from '../audit/identity/event.ts';
import { readCommandConfig, type Config } from '../config/config.ts';
import { Access } from '../enforcement/access.ts';
import { ID } from '../fhir/resource.ts';
import { nationalRules } from '../config/national-rules.ts';
import { MongoActivationCodes } from '../store/records/activation-codes.ts';
import { anchorFile } from '../store/chain/anchor-file.ts';
import { connect, ensureIndexes } from '../store/database.ts';
import { KeyRing } from '../store/keys/keys.ts';
import { keysOf } from '../store/layout.ts';
import { MongoLogins } from '../store/records/logins.ts';
import { MongoOutbox } from '../store/outgoing/outbox.ts';
import { signingKey } from '../store/chain/signing-key.ts';
import { Store } from '../store/store.ts';
import { CommandError, runCommand, say } from './command.ts';
import { withDatabase } from './database.ts';

const USAGE = `usage: npm run logins -- code PATIENT | suspend ACCOUNT | resume ACCOUNT
code     prints a new activation code of the space with this id, for the letter to its patient: it is good once, for six
         weeks, in place of any before, and kept nowhere in clear
suspend  ends all that was given to an account, or to systems for its professional, and lets nobody in by it, nor its
         person by an issuer elsewhere; its id is in the traces of its logins
resume   lets it in again`;

interface Desk {
  codes: MongoActivationCodes;
  logins: MongoLogins;
  store: Store;
}

type Deed = (desk: Desk, id: string) => Promise<Pick<AccountEvent, 'patient' | 'subjects' | 'detail'>>;

const DEEDS: Record<string, Deed> = Object.assign(Object.create(null) as object, {
  async code({ codes, store }, patient) {
    const found = await store.get(
      Access.internal('whether there is the space of a code'),
      'Patient',
      patient,
    );
    if (found === undefined || found.method === 'DELETE') throw new CommandError('there is no such patient');
    process.stdout.write(`${await codes.issue(patient)}\n`);
    return { patient, detail: { activation: 'code issued' } };
  },
  suspend: async ({ logins }, account) => changed(await logins.suspend(account), account, 'suspended'),
  resume: async ({ logins }, account) => changed(await logins.resume(account), account, 'resumed'),
} satisfies Record<string, Deed>);

/** An account's is made of characters that no resource's has. */
const ACCOUNT = /^[\w-]{1,64}$/;
const isId = (what: string, id: string): boolean => (what === 'code' ? ID : ACCOUNT).test(id);

function changed(done: boolean, account: string, state: string) {
  if (!done) throw new CommandError('there is no such account');
  say(`the account is ${state}`);
  return { subjects: [account], detail: { state } };
}

await runCommand({
  usage: USAGE,
  options: {},
  async run(_options, [what, id = '', ...more]) {
    if (what === undefined || !Object.hasOwn(DEEDS, what) || !isId(what, id) || more.length > 0)
      throw new CommandError(USAGE);
    const config = readCommandConfig(process.env);
    await withDatabase(config, { live: true }, (uri) => work(config, uri, DEEDS[what]!, id));
  },
});

async function work(config: Config, uri: string, deed: Deed, id: string): Promise<void> {
  const database = await connect(uri, config.database);
  try {
    await ensureIndexes(database, () => {});
    const ring = new KeyRing(database.records.keys, await keysOf(database, config.keyFile));
    const anchor = anchorFile(config.audit.anchor, await signingKey(config.keyFile));
    const rules = nationalRules(config.rules);
    const store = new Store(database, ring, config.baseUrl, rules, undefined, anchor);
    await store.open();
    try {
      const desk = {
        codes: new MongoActivationCodes(database, ring),
        logins: new MongoLogins(database, ring),
        store,
      };
      const done = await deed(desk, id);
      await accounting(store, new MongoOutbox(database, ring), config.baseUrl).record({
        what: 'account-changed',
        who: { account: `command line: ${userInfo().username}`, role: 'operator' },
        address: '',
        requestId: randomUUID(),
        ...done,
      });
    } finally {
      await store.close();
    }
  } finally {
    await database.close();
  }
}
