import { attemptsInto, type ConfigProblem } from '#component';
import { Environment } from './environment.ts';
import { compileEditor, compileTest } from './compile.ts';
import { Compilation, type ContextName } from './expression.ts';
import { parseExpression, parseStatement } from './grammar.ts';
import { contextOf, type StatementTexts } from './statements.ts';

/** What is wrong with lists of statements and conditions, all of it, at paths such as `conditions.0`. The context is found out when none is given. */
export function checkOttl(texts: StatementTexts, context?: ContextName): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const attempt = attemptsInto(problems);
  for (const [i, text] of texts.conditions.entries()) attempt(`conditions.${i}`, () => parseExpression(text));
  for (const [i, text] of texts.statements.entries()) attempt(`statements.${i}`, () => parseStatement(text));
  if (problems.length > 0) return problems;
  const found = context ?? contextOf(texts);
  const environment = new Environment();
  const compilationOf = (text: string): Compilation => new Compilation(text, found, environment, { values: {} });
  for (const [i, text] of texts.conditions.entries()) {
    attempt(`conditions.${i}`, () => compileTest(parseExpression(text), compilationOf(text)));
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
