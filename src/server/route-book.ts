/** Which methods an address has, for saying so when it is asked by another (NET-1). */
import type { RouteOptions } from 'fastify';

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The route's pattern as a regular expression over a path: each parameter is one segment, or the rest of one. */
const expressionOf = (url: string): RegExp => new RegExp(`^${url.split(/:\w+/).map(literal).join('[^/]+')}$`);

export const createRouteBook = () => {
  const routes = new Map<string, { readonly path: RegExp; readonly methods: Set<string> }>();
  return {
    add: ({ url, method }: RouteOptions): void => {
      if (url.includes('*')) return;
      let route = routes.get(url);
      if (route === undefined) {
        route = { path: expressionOf(url), methods: new Set() };
        routes.set(url, route);
      }
      for (const one of [method].flat()) route.methods.add(one);
    },
    /** The methods of the routes that the address matches; none when there is nothing there. */
    methodsAt: (address: string): string[] => {
      const [path = ''] = address.split('?');
      const found = [...routes.values()].filter((route) => route.path.test(path));
      return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
    },
  };
};
