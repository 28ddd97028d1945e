/** What a command may know and do of the process it runs in; a test gives its own. */
export interface Shell {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** True when the agent's log goes to a person's terminal. */
  readonly isTerminal: boolean;
  /** True when what a command prints goes to one. */
  readonly isOutTerminal?: boolean;
  /** Aborts when the user ends a command that would go on, with Ctrl-C. */
  readonly interrupted?: () => AbortSignal;
  readonly version: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Ends the process now. Only for what cannot wait for a command to return. */
  readonly exit: (code: number) => void;
}
