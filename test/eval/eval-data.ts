import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

// Where whoever works on Winnow keeps it beside the checkout.
const BESIDE = resolve(import.meta.dirname, '../../../shared/data');

/**
 * The folder with the data of an evaluation, none of which are part of the repository: the one named, else that of
 * WINNOW_EVAL_DATA, else `shared/data` beside the checkout. It holds `part` or is that itself. When there is
 * none, says what to do about it, and the process will end with 2.
 */
export function evalData(named: string | undefined, part: string): string | undefined {
  const folder = named ?? process.env['WINNOW_EVAL_DATA'] ?? BESIDE;
  for (const found of [join(folder, part), folder]) if (existsSync(found)) return found;
  const script = process.env['npm_lifecycle_event'] ?? 'this script';
  const where = folder === BESIDE ? '' : `: there is no ${folder}`;
  console.error(
    `The data are not part of the repository${where}. Name their folder: npm run ${script} -- FOLDER, or WINNOW_EVAL_DATA=FOLDER; see the top of the script.`,
  );
  process.exitCode = 2;
  return undefined;
}
