/** A process of runner.mjs: told how to run, then one test file after the other. */
const runner = import(new URL('./worker-runner.js', import.meta.resolve('jest-light-runner')));

process.on('message', (message) => void answer(message));
// who runs the tests is done, or gone: what tests have left open isn't waited for
process.once('disconnect', () => process.exit());

async function answer({ path, ...settings }) {
  try {
    const { default: run, setWorkerData } = await runner;
    if (path === undefined) return setWorkerData({ ...settings, runtime: 'child_process' });
    const result = await run(path);
    await Promise.all([process.stdout, process.stderr].map(flushed));
    process.send({ result });
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    process.send({ error: { message, stack: stack ?? message } });
  }
}

/** What was printed comes before what it came to. */
function flushed(stream) {
  return new Promise((resolve) => stream.write('', resolve));
}
