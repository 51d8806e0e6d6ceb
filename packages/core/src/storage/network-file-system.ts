import { readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DiskCacheError } from '../errors.ts';

/** File systems that several machines share, by the number that Linux gives each (statfs(2), linux/magic.h). */
const SHARED: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB 2'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x564c, 'NCP'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x20030528, 'OrangeFS'],
  [0xaad7aaea, 'PanFS'],
]);

const FUSE = 0x65735546;

/**
 * Of FUSE, which serves local folders too (those of Docker Desktop, NTFS, encrypted and merged ones), only what is known
 * to reach over a network, by the name in the mount table.
 */
const SHARED_BY_FUSE = new Set(
  [
    ['sshfs', 'curlftpfs', 'smbnetfs', 'davfs', 'davfs2', 'rclone'],
    ['s3fs', 'goofys', 'mount-s3', 'mountpoint-s3', 'gcsfuse', 'blobfuse', 'blobfuse2'],
    ['glusterfs', 'ceph', 'ceph-fuse', 'mfs', 'moosefs', 'lizardfs', 'juicefs', 'seaweedfs', 'weed'],
  ].flat(),
);

/**
 * Refuses a folder on a file system that other machines can share: SQLite's locks and the memory that it shares between
 * processes do not reach from one machine to another, so that two would damage the cache. Linux tells; elsewhere
 * only a UNC path of Windows is known to be one. 9p is let in: it is what sandboxes and virtual machines give a
 * single guest its own folders by, and where it lacks what SQLite needs opening fails by itself.
 *
 * @throws {@link DiskCacheError} `ERR_DISKCACHE_NETWORK_FS`
 */
export function refuseNetworkFileSystem(directory: string): void {
  const name = networkFileSystem(directory);
  if (name === undefined) return;
  throw new DiskCacheError(
    'ERR_DISKCACHE_NETWORK_FS',
    `${directory} is on a network file system (${name}), on which several machines would damage a cache: choose a ` +
      `folder on a local disk, or, if no other machine uses this one, set allowNetworkFileSystem: true`,
  );
}

function networkFileSystem(directory: string): string | undefined {
  if (process.platform === 'win32')
    return /^\\\\(?![?.]\\)|^\\\\[?.]\\UNC\\/i.test(directory) ? 'UNC path' : undefined;
  if (process.platform !== 'linux') return undefined;
  const type = typeOf(directory);
  if (type !== FUSE) return type === undefined ? undefined : SHARED.get(type);
  const name = nameInMountTable(directory)?.replace(/^fuse(blk)?\./, '');
  return name !== undefined && SHARED_BY_FUSE.has(name) ? name : undefined;
}

/** The type of the file system that a folder is on, or would be if it were made; undefined when nobody tells. */
function typeOf(directory: string): number | undefined {
  try {
    return statfsSync(directory).type >>> 0;
  } catch (error) {
    const parent = dirname(directory);
    return isMissing(error) && parent !== directory ? typeOf(parent) : undefined;
  }
}

function nameInMountTable(directory: string): string | undefined {
  try {
    const { dev } = statSync(directory);
    const device = `${(dev >>> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`;
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    const mount = mounts.find((line) => line.split(' ', 3)[2] === device);
    return mount?.split(' - ')[1]?.split(' ')[0];
  } catch (error) {
    const parent = dirname(directory);
    return isMissing(error) && parent !== directory ? nameInMountTable(parent) : undefined;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
