/**
 * What the keys of a namespace begin with in the cache: `namespace:`, with `%` and `:` in it written as in URLs, so that none
 * begins as another does. Nothing for no namespace.
 */
export function namespacePrefix(namespace: string | undefined): string {
  if (!namespace) return '';
  return `${namespace.replaceAll('%', '%25').replaceAll(':', '%3A')}:`;
}
