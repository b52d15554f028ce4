/** What a thing costs, however busy the machine is with others. */
import { MongoClient } from 'mongodb';

/** Of the processor, so far, by this process, in which the tests' servers run too. Milliseconds. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The same with what the tests' database took, for all who work on it. Milliseconds. */
export async function processorTimeWith(uri: string): Promise<number> {
  const client = await MongoClient.connect(uri);
  try {
    const { extra_info: taken } = await client.db('admin').command({ serverStatus: 1 });
    return processorTime() + (Number(taken.user_time_us) + Number(taken.system_time_us)) / 1000;
  } finally {
    await client.close();
  }
}
