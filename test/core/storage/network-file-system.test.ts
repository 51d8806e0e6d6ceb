import fs, { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { DiskCache, DiskCacheSync } from '@diskcache/core';
import { openCache } from '../../support/caches.ts';
import { folderInMemory } from '../../support/temporary-folder.ts';

const NETWORK_FS = expect.objectContaining({ name: 'DiskCacheError', code: 'ERR_DISKCACHE_NETWORK_FS' });
const FUSE = 0x65735546;

/** Says of each folder that there is that it is on a file system of this type. */
function pretend(type: number): void {
  const real = fs.statfsSync;
  vi.spyOn(fs, 'statfsSync').mockImplementation(((path: string) =>
    Object.assign(real(path), { type })) as never);
}

/** Says in the mount table that the file system of a folder has this name there. */
function pretendMount(directory: string, name: string): void {
  const real = fs.readFileSync;
  const { dev } = fs.statSync(directory);
  const device = `${dev >> 8}:${dev & 0xff}`;
  const table = [
    '21 1 999:1 / / rw,relatime shared:1 - ext4 /dev/root rw',
    `57 21 ${device} / /somewhere rw,nosuid shared:7 - ${name} source rw`,
    '',
  ].join('\n');
  vi.spyOn(fs, 'readFileSync').mockImplementation(((path: string, ...rest: []) =>
    path === '/proc/self/mountinfo' ? table : real(path, ...rest)) as never);
}

afterEach(() => void vi.restoreAllMocks());

describe.skipIf(process.platform !== 'linux')('a folder on a network file system', () => {
  test.for([
    ['NFS', 0x6969],
    ['SMB', 0x517b],
    ['CIFS', 0xff534d42],
    ['CIFS', 0xff534d42 - 2 ** 32],
    ['SMB 2', 0xfe534d42],
    ['AFS', 0x5346414f],
    ['Ceph', 0x00c36400],
    ['Lustre', 0x0bd00bd0],
    ['GFS2', 0x01161970],
    ['OCFS2', 0x7461636f],
  ] as const)('of type %s is refused with a message that says what to do', ([name, type]) => {
    const directory = folderInMemory();
    pretend(type);
    for (const Cache of [DiskCache, DiskCacheSync]) {
      expect(() => new Cache(directory)).toThrow(NETWORK_FS);
      expect(() => new Cache(directory, { readOnly: true })).toThrow(NETWORK_FS);
      expect(() => new Cache(directory)).toThrow(`(${name})`);
      expect(() => new Cache(directory)).toThrow('allowNetworkFileSystem: true');
    }
    expect(readdirSync(directory)).toEqual([]);
  });

  test('is refused before the folder is made', () => {
    const directory = join(folderInMemory(), 'not', 'there');
    pretend(0x6969);
    expect(() => new DiskCache(directory)).toThrow(NETWORK_FS);
    expect(existsSync(join(directory, '..'))).toBe(false);
  });

  test('is used where that is allowed', async () => {
    pretend(0x6969);
    const cache = openCache({ allowNetworkFileSystem: true });
    await cache.set('key', 'value');
    expect(await cache.get('key')).toBe('value');
  });

  test.for(['fuse.sshfs', 'fuse.s3fs', 'fuse.glusterfs', 'fuse.rclone', 'fuse.juicefs'])(
    'that FUSE mounts as %s is refused',
    (name) => {
      const directory = folderInMemory();
      pretend(FUSE);
      pretendMount(directory, name);
      expect(() => new DiskCache(directory)).toThrow(NETWORK_FS);
      expect(() => new DiskCache(join(directory, 'not', 'there'))).toThrow(NETWORK_FS);
    },
  );
});

describe('a folder is used that is', () => {
  test.for(['fuseblk', 'fuse.mergerfs', 'fuse.gocryptfs', 'fuse', 'fuse.something-new'])(
    'mounted by FUSE as %s',
    async (name) => {
      const directory = folderInMemory();
      pretend(FUSE);
      pretendMount(directory, name);
      expect(await openCache({}, directory).count()).toBe(0);
    },
  );

  test.for([
    ['ext4', 0xef53],
    ['XFS', 0x58465342],
    ['Btrfs', 0x9123683e],
    ['tmpfs', 0x01021994],
    ['overlay', 0x794c7630],
    ['9p', 0x01021997],
  ] as const)('on %s', async ([, type]) => {
    pretend(type);
    expect(await openCache().count()).toBe(0);
  });

  test('on a file system that does not tell what it is', async () => {
    vi.spyOn(fs, 'statfsSync').mockImplementation(() => {
      throw Object.assign(new Error('not implemented'), { code: 'ENOSYS', syscall: 'statfs' });
    });
    expect(await openCache().count()).toBe(0);
  });
});
