/** `npm run token`: the token of a demo caller. */
import { readConfig } from '../config.ts';
import { CommandError, runCommand } from './command.ts';
import { readDemoFile, tokenOf } from './demo-file.ts';

const USAGE = `usage: npm run -s token -- --as CALLER
Prints the token of a demo caller (gp, patient, hospital, …) from DATA_DIR/demo.json.
  --as CALLER   whose token
  --list        the names of the callers
Example: curl -H "Authorization: Bearer $(npm run -s token -- --as gp)" http://127.0.0.1:3000/fhir/Patient/demo-mother`;

await runCommand({
  usage: USAGE,
  options: { as: { type: 'string' }, list: { type: 'boolean' } },
  async run({ as, list }) {
    const demo = readDemoFile(readConfig(process.env).dataDir);
    if (list === true) process.stdout.write(`${Object.keys(demo.callers).join('\n')}\n`);
    else if (as === undefined) throw new CommandError(USAGE);
    else process.stdout.write(`${tokenOf(demo, as)}\n`);
  },
});
