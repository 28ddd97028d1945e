import { Environment } from './environment.ts';
import { compileEditor, compileTest } from './compile.ts';
import { Compilation, type ContextName } from './expression.ts';
import { parseExpression, parseStatement } from './grammar.ts';
import { OttlMistake } from './problem.ts';
import { contextOf, type StatementTexts } from './statements.ts';

export interface OttlProblemAt {
  /** Where in the lists, such as `conditions.0`. */
  readonly path: string;
  readonly message: string;
}

/** What is wrong with lists of statements and conditions, all of it. The context is found out when none is given. */
export function checkOttl(texts: StatementTexts, context?: ContextName): OttlProblemAt[] {
  const problems: OttlProblemAt[] = [];
  const attempt = (path: string, compile: () => void): void => {
    try {
      compile();
    } catch (problem) {
      if (!(problem instanceof OttlMistake)) throw problem;
      problems.push({ path, message: problem.message });
    }
  };
  for (const [i, text] of texts.conditions.entries()) attempt(`conditions.${i}`, () => void parseExpression(text));
  for (const [i, text] of texts.statements.entries()) attempt(`statements.${i}`, () => void parseStatement(text));
  if (problems.length > 0) return problems;
  const found = context ?? contextOf(texts);
  const environment = new Environment();
  const compilationOf = (text: string): Compilation => new Compilation(text, found, environment, { values: {} });
  for (const [i, text] of texts.conditions.entries()) {
    attempt(`conditions.${i}`, () => void compileTest(parseExpression(text), compilationOf(text)));
  }
  for (const [i, text] of texts.statements.entries()) {
    attempt(`statements.${i}`, () => {
      const { editor, where } = parseStatement(text);
      compileEditor(editor, compilationOf(text));
      if (where) compileTest(where, compilationOf(text));
    });
  }
  return problems;
}
