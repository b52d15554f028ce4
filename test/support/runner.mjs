/**
 * Jest's runner: processes of plain Node that live for the whole run, each given one test file after the other.
 * See docs/decisions/0051.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('./runner-process.mjs', import.meta.url));
/** Milliseconds. */
const STOP_PATIENCE = 10_000;

export default class Runner {
  #globalConfig;

  constructor(globalConfig) {
    this.#globalConfig = globalConfig;
  }

  async runTests(tests, watcher, onStart, onResult, onFailure) {
    const queue = [...tests];
    const work = async () => {
      let child;
      for (let test = queue.shift(); test !== undefined && !watcher.isInterrupted(); test = queue.shift()) {
        await onStart(test);
        if (child === undefined || hasEnded(child)) child = this.#start(test.context.config);
        const { result, error } = await answer(child, test.path);
        await (error === undefined ? onResult(test, result) : onFailure(test, error));
      }
      if (child !== undefined) await stop(child);
    };
    await Promise.all(Array.from({ length: this.#globalConfig.maxWorkers }, work));
  }

  #start(projectConfig) {
    const child = fork(PROCESS, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    child.send({ globalConfig: this.#globalConfig, projectConfig });
    return child;
  }
}

/** @returns {Promise<{ result?: object, error?: { message: string, stack: string } }>} */
async function answer(child, path) {
  const ended = new AbortController();
  const { signal } = ended;
  try {
    child.send({ path });
    const gone = once(child, 'exit', { signal }).then(([code, by]) => {
      const message = `the process of the tests ended with ${by ?? code}`;
      return { error: { message, stack: message } };
    });
    const told = once(child, 'message', { signal }).then(([message]) => message);
    return await Promise.race([told, gone]);
  } finally {
    ended.abort();
  }
}

const hasEnded = ({ exitCode, signalCode }) => exitCode !== null || signalCode !== null;

async function stop(child) {
  if (hasEnded(child)) return;
  const exit = once(child, 'exit');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE);
  child.disconnect();
  await exit;
  clearTimeout(late);
}
