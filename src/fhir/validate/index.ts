import type { Issue } from '../outcome.ts';
export function validate(_resource: unknown): Issue[] {
  return [];
}
