import type { Facts, Logger } from '#component';

/** Keeps what is logged at ERROR, with its facts in one line. */
export function createQuietLogger(complain: (line: string) => void, own: Facts = {}): Logger {
  const quiet = (): void => {};
  return {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (message, facts = {}, problem) => {
      const { component, kind: _kind, pipeline: _pipeline, ...rest } = { ...own, ...facts };
      const said = Object.entries(rest).map(([name, value]) => `${name}=${String(value)}`);
      if (problem !== undefined) said.push(problem instanceof Error ? problem.message : JSON.stringify(problem));
      complain([component === undefined ? '' : `${String(component)}: `, message, ...said.map((fact) => ` ${fact}`)].join(''));
    },
    with: (facts) => createQuietLogger(complain, { ...own, ...facts }),
  };
}
