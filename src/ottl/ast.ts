/** The tree of an expression. `at` and `end` are offsets into its text, for messages. */
interface At {
  readonly at: number;
  readonly end: number;
}

export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=';

interface Literal extends At {
  readonly kind: 'literal';
  readonly value: string | number | bigint | boolean | null | Uint8Array;
  /** `2.0` is a double though it is whole. */
  readonly isDouble: boolean;
}

export interface Segment extends At {
  readonly name: string;
  readonly keys: readonly Node[];
}

/** `log.attributes["k"]`; also what stands alone with a capital: an enum, or a function that is an argument. */
export interface Reference extends At {
  readonly kind: 'reference';
  readonly segments: readonly Segment[];
}

export interface Argument extends At {
  readonly name: string | undefined;
  readonly value: Node;
}

export interface CallNode extends At {
  readonly kind: 'call';
  readonly name: string;
  readonly arguments: readonly Argument[];
  readonly keys: readonly Node[];
}

export type Node =
  | Literal
  | Reference
  | CallNode
  | (At & { readonly kind: 'list'; readonly items: readonly Node[] })
  | (At & { readonly kind: 'map'; readonly entries: readonly { readonly key: string; readonly value: Node }[] })
  | (At & { readonly kind: 'math'; readonly operator: string; readonly left: Node; readonly right: Node })
  | (At & { readonly kind: 'compare'; readonly operator: Operator; readonly left: Node; readonly right: Node })
  | (At & { readonly kind: 'and' | 'or'; readonly left: Node; readonly right: Node })
  | (At & { readonly kind: 'not'; readonly inner: Node });

export interface StatementNode {
  readonly editor: Node;
  readonly where: Node | undefined;
}
