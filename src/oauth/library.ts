/**
 * oidc-provider, loaded when there is an authorization server. It says on loading that it wants Node 22; what it
 * needs Node 20.12 has, and the tests hold it to that.
 */
export type Library = typeof import('oidc-provider');

let loading: Promise<Library> | undefined;

export function loadProvider(): Promise<Library> {
  return (loading ??= quietly(() => import('oidc-provider')));
}

async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const { warn } = console;
  console.warn = (...words: unknown[]) => {
    if (!String(words[0]).includes('Unsupported runtime')) warn(...words);
  };
  try {
    return await load();
  } finally {
    console.warn = warn;
  }
}
