/** openid-client, loaded when somebody logs in elsewhere. */
type Library = typeof import('openid-client');

let loading: Promise<Library> | undefined;

export function loadClient(): Promise<Library> {
  return (loading ??= import('openid-client'));
}
