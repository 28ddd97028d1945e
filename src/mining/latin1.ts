// Lines are cut as Latin-1, one character a byte: it costs nothing to make, and offsets are offsets in the bytes. All that
// matters to the miner is ASCII.

export function decodeLatin1(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'latin1').toString('utf8');
}

export function encodeLatin1(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
