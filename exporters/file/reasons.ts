const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; make room',
  EDQUOT: 'the quota is used up; make room or raise it',
  EACCES: 'permission denied; let the user of this process write there',
  EROFS: 'the file system is read-only',
  ENOENT: 'the folder does not exist; make it, or set create_directory: true',
  EISDIR: 'it is a folder; name a file',
};

/** Why a file cannot be written, with what to do about it where we know. */
export function reasonOf(problem: unknown): string {
  if (!(problem instanceof Error)) return String(problem);
  const code = 'code' in problem && typeof problem.code === 'string' ? problem.code : '';
  return REASONS[code] ?? problem.message;
}
