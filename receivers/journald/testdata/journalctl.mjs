#!/usr/bin/env node
// Plays the part of journalctl for tests: writes the entries of <directory>/journal.jsonl after the cursor, with --follow
// those of the last boot only and what comes, and notes in <directory>/calls how it was called.
import { appendFileSync, closeSync, existsSync, openSync, readSync } from 'node:fs';

const option = (name) => process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const directory = option('directory');
const after = option('after-cursor');
const isFollowing = process.argv.includes('--follow');
if (isFollowing) setInterval(() => {}, 60_000);
if (directory !== undefined) {
  appendFileSync(`${directory}/calls`, `${JSON.stringify(process.argv.slice(2))}\n`);
  let at = 0;
  let isAfter = after === undefined;
  let rest = '';
  const play = () => {
    if (existsSync(`${directory}/fail`)) {
      process.stderr.write('Failed to open the journal.\n');
      process.exit(1);
    }
    const fd = openSync(`${directory}/journal.jsonl`, 'r');
    const buffer = Buffer.alloc(1 << 20);
    const size = readSync(fd, buffer, 0, buffer.length, at);
    closeSync(fd);
    at += size;
    const lines = (rest + buffer.toString('latin1', 0, size)).split('\n');
    rest = lines.pop() ?? '';
    let chosen = [];
    for (const line of lines) {
      if (isAfter) chosen.push(line);
      else isAfter = JSON.parse(line).__CURSOR === after;
    }
    if (isFollowing) chosen = chosen.slice(chosen.findLastIndex((line) => line.includes('"_BOOT_ID":"before"')) + 1);
    const text = chosen.map((line) => `${line}\n`).join('');
    if (text === '' && size === 0 && !isFollowing) process.exit(0);
    else if (text === '') setTimeout(play, 10);
    else process.stdout.write(Buffer.from(text, 'latin1'), () => setTimeout(play, size === buffer.length ? 0 : 10));
  };
  play();
}
