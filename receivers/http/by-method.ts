import { HttpProblem, type RequestHead, type Route } from '#net';

/** One route of several on the same path; the first that knows a method answers it. */
export function byMethod(routes: readonly Route[]): Route | undefined {
  const [only] = routes;
  if (routes.length < 2) return only;
  const routeOf = ({ method }: RequestHead): Route | undefined => routes.find(({ methods }) => methods.includes(method));
  return {
    methods: [...new Set(routes.flatMap(({ methods }) => methods))],
    check: (head): void => routeOf(head)?.check?.(head),
    handle: (request) => {
      const route = routeOf(request);
      // The server has compared the method with those above.
      if (!route) throw new HttpProblem(405, `nothing answers ${request.method} here`);
      return route.handle(request);
    },
    describe: (problem, head) => {
      const route = routeOf(head) ?? only;
      return route?.describe?.(problem, head) ?? { status: problem.status, body: problem.message };
    },
  };
}
