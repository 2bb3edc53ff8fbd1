/** Which files of a folder its .gitignore files exclude. */
import ignore, { type Ignore } from 'ignore';

/** A .gitignore file: the path of its folder, with slashes and without one at the end, and its text. */
export interface GitIgnoreFile {
  folder: string;
  text: string;
}

export class GitIgnore {
  private readonly rules: { folder: string; rules: Ignore }[];

  constructor(files: readonly GitIgnoreFile[]) {
    this.rules = files
      .map(({ folder, text }) => ({ folder, rules: ignore().add(text) }))
      .sort((a, b) => a.folder.length - b.folder.length);
  }

  /** Whether a file is excluded; the deepest .gitignore that has a rule for it decides. */
  ignores(path: string): boolean {
    let ignored = false;
    for (const { folder, rules } of this.rules) {
      if (!path.startsWith(`${folder}/`)) continue;
      const found = rules.test(path.slice(folder.length + 1));
      ignored = found.ignored || (ignored && !found.unignored);
    }
    return ignored;
  }
}
