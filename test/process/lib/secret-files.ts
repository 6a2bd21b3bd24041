/** Where in a data directory a word lies. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Names of the files below `root` that hold `word`, or its base64 at any offset. */
export function filesWith(root: string, word: string): string[] {
  const needles = [
    word,
    ...[0, 1, 2].map((pad) =>
      Buffer.from("x".repeat(pad) + word)
        .toString("base64")
        .slice(4, -4),
    ),
  ];
  const files = readdirSync(root, { recursive: true, encoding: "utf8" });
  return files.filter((name) => {
    const path = join(root, name);
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false;
    const bytes = readFileSync(path);
    return needles.some((needle) => bytes.includes(needle));
  });
}
