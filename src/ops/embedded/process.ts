/** Other processes, known by pid and start time, so that a recycled pid is never taken for ours: proc(5) of Linux. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Boot and clock ticks at which the process started; undefined when there is none (or no /proc). */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // the second field is the command's name, in brackets, and may itself hold brackets and blanks
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** SIGTERM, and SIGKILL when that did not help within `patience` ms; never touches a process that has since taken the pid. */
export async function stopProcess(pid: number, patience: number): Promise<void> {
  const started = startTime(pid);
  const running = (): boolean => startTime(pid) === started && started !== undefined;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!running()) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    const deadline = Date.now() + patience;
    while (running() && Date.now() < deadline) await sleep(25);
  }
}
