/** `npm run token`: the token of a demo caller, or one in which a demo professional breaks the glass. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, readCommandConfig } from '../config/config.ts';
import { isReason } from '../consent/statements.ts';
import { type CallerName, demoCallers } from '../demo/callers.ts';
import { demoIssuer } from '../demo/issuer.ts';
import { CommandError, runCommand } from './command.ts';
import { readDemoFile, tokenOf } from './demo-file.ts';

const USAGE = `usage: npm run -s token -- --as CALLER [--break-glass PATIENT --reason TEXT]
Prints the token of a demo caller (gp, patient, hospital, …) from DATA_DIR/demo.json.
  --as CALLER             whose token
  --break-glass PATIENT   in an emergency (BTG) of this one patient, for at most 24 hours
  --reason TEXT           why, for the patient to read: at least ten characters
  --list                  the names of the callers
Example: curl -H "Authorization: Bearer $(npm run -s token -- --as gp)" http://127.0.0.1:3000/fhir/Patient/demo-mother`;

await runCommand({
  usage: USAGE,
  options: {
    as: { type: 'string' },
    list: { type: 'boolean' },
    'break-glass': { type: 'string' },
    reason: { type: 'string' },
  },
  async run({ as, list, 'break-glass': patient, reason }) {
    const config = readCommandConfig(process.env);
    const demo = readDemoFile(config.dataDir);
    if (list === true) process.stdout.write(`${Object.keys(demo.callers).join('\n')}\n`);
    else if (as === undefined) throw new CommandError(USAGE);
    else if (patient === undefined) process.stdout.write(`${tokenOf(demo, as)}\n`);
    else process.stdout.write(`${breakGlass(config, as, patient, reason ?? '')}\n`);
  },
});

function breakGlass(config: Config, as: string, patient: string, reason: string): string {
  const caller = Object.hasOwn(demoCallers, as) ? demoCallers[as as CallerName] : undefined;
  if (caller?.role !== 'professional') throw new CommandError('only a professional breaks the glass');
  if (!isReason(reason)) throw new CommandError('--reason must say why, in at least ten characters');
  const keyFile = join(config.dataDir, 'keys', 'demo-issuer.pem');
  if (!existsSync(keyFile))
    throw new CommandError('there is no demo issuer: start the server with the demo once');
  const emergency = { patient: `Patient/${patient.replace(/^Patient\//, '')}`, reason, since: Date.now() };
  return demoIssuer(keyFile, config.baseUrl).tokenFor({ ...caller, purposes: ['BTG'], emergency });
}
