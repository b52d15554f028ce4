/** What names nothing that is hidden by a label, or that is somebody else's: as whoever is given all of it sees too. */
import type { Open } from '../enforcement/parting.ts';
import type { ResourceStore } from '../enforcement/ports.ts';

export function openNames(port: ResourceStore, secret: ReadonlySet<string>): Open {
  return (patient, names) => {
    const isAlone = (patients: readonly string[]): boolean => patients.every((each) => each === patient);
    return Promise.all([
      port.namesOnly(names, ({ hidden, patients }) => hidden === undefined && isAlone(patients)),
      port.namesOnly(
        names,
        ({ hidden, patients, labels }) =>
          hidden === undefined && isAlone(patients) && !labels.some((label) => secret.has(label)),
      ),
    ]);
  };
}
