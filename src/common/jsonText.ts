/** Where a string ends in the text of JSON: without a regular expression, whose stack a long string would exhaust. */

/** The index after the string that begins at `start`; the end of `json` if it does not end. */
export function endOfString(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); ; quote = json.indexOf('"', quote + 1)) {
    if (quote < 0) return json.length;
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}
