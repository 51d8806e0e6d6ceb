/** better-sqlite3 13 crashes when it opens a database on an older one. */
const oldest = [22, 14] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  throw new Error(
    `@diskcache/core needs Node.js ${oldest.join('.')} or newer; this is Node.js ${process.versions.node}.`,
  );
}
