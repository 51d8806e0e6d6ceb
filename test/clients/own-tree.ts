/**
 * Makes a package of a client's tree that resolves to something outside of that tree fail as it would in a project
 * of its own, where there is nothing to be found further up. To be loaded before all else, by --import or as a setup file.
 */
import { registerHooks } from 'node:module';

const clients = new URL('.', import.meta.url).href;

registerHooks({
  resolve(specifier, context, nextResolve) {
    const found = nextResolve(specifier, context);
    const tree = treeOf(context.parentURL);
    if (tree === undefined || !found.url.startsWith('file:') || found.url.startsWith(tree)) return found;
    throw Object.assign(new Error(`Cannot find '${specifier}' from ${context.parentURL} within its tree`), {
      code: context.conditions.includes('require') ? 'MODULE_NOT_FOUND' : 'ERR_MODULE_NOT_FOUND',
    });
  },
});

function treeOf(parent: string | undefined): string | undefined {
  if (!parent?.startsWith(clients)) return undefined;
  const [client, folder] = parent.slice(clients.length).split('/');
  return folder === 'node_modules' ? `${clients}${client}/node_modules/` : undefined;
}
