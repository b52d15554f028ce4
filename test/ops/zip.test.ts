import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { extractFile } from '../../src/ops/embedded/zip.ts';

interface Member {
  name: string;
  content: Buffer;
  stored?: boolean;
  flags?: number;
  /** What the directory says in place of the truth. */
  size?: number;
  extra?: number;
}

/** A zip archive as APPNOTE.TXT 4.3 has it, without the CRC that nobody reads here. */
function zip(members: Member[], comment = ''): Buffer {
  const [locals, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const { name, content, stored, flags = 0, size = content.length, extra = 0 } of members) {
    const packed = stored ? content : deflateRawSync(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(extra, 28);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(flags, 8);
    entry.writeUInt16LE(stored ? 0 : 8, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(size, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), Buffer.alloc(extra), packed);
    directory.push(entry, Buffer.from(name));
    offset += 30 + name.length + extra + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...locals, ...directory, end, Buffer.from(comment)]);
}

const CONTENT = Buffer.from('mongod '.repeat(50_000));
const OTHER = { name: 'db/bin/readme', content: Buffer.from('read me') };

let folder: string;
let target: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carnet-zip-'));
  target = join(folder, 'mongod');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function extract(archive: Buffer): Promise<void> {
  const path = join(folder, 'archive.zip');
  writeFileSync(path, archive);
  return extractFile(path, '/bin/mongod', target);
}

const MEMBER: Member = { name: 'db/bin/mongod', content: CONTENT };

describe('a file is taken out of an archive', () => {
  it.each([
    ['compressed', [OTHER, MEMBER], ''],
    ['stored', [{ ...MEMBER, stored: true }, OTHER], ''],
    ['with extra fields in its own header only', [OTHER, { ...MEMBER, extra: 28 }], ''],
    ['before a comment', [MEMBER], 'a comment of the archive'],
  ])('%s', async (_, members, comment) => {
    await extract(zip(members, comment));
    expect(readFileSync(target).equals(CONTENT)).toBe(true);
  });
});

describe('an archive is refused', () => {
  const good = zip([OTHER, MEMBER]);

  it.each([
    ['that lacks the file', zip([OTHER]), 'no `/bin/mongod` in the archive'],
    ['that is none', CONTENT, 'not a zip archive'],
    ['that is empty', Buffer.alloc(0), 'not a zip archive'],
    ['that is cut off at the end', good.subarray(0, good.length - 30), 'not a zip archive'],
    ['that lost its beginning', good.subarray(100), 'damaged|cut short'],
    ['that is encrypted', zip([{ ...MEMBER, flags: 1 }]), 'encrypted'],
    ['whose file has another size than it says', zip([{ ...MEMBER, size: 5 }]), 'damaged'],
  ])('%s', async (_, archive, message) => {
    await expect(extract(archive)).rejects.toThrow(new RegExp(message.replaceAll('/', '\\/')));
  });

  it('rather than overwrite what is there', async () => {
    writeFileSync(target, 'kept');
    await expect(extract(good)).rejects.toThrow('EEXIST');
    expect(readFileSync(target, 'utf8')).toBe('kept');
  });
});
