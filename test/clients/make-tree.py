"""make-tree.py DIRECTORY COUNT: a tree of COUNT files whose names and sizes are those a real home folder has: mostly
small, some empty, a few large enough for multipart, with blanks, accents, '+', '%' and emoji in the names. The same
COUNT always gives the same bytes."""

import os
import random
import sys

ODD = ["plain", "with space", "plus+plus", "per%cent", "umlaut-\u00e4\u00f6", "\u65e5\u672c", "smile-\U0001f600", "quote'and(paren)", "a=b&c", "tilde~"]


def size_of(number: int, rng: random.Random) -> int:
    if number % 97 == 0:
        return 0
    if number % 700 == 350:
        return rng.randrange(9_000_000, 12_000_000)
    if number % 50 == 25:
        return rng.randrange(70_000, 600_000)
    return rng.randrange(1, 12_000)


def main() -> None:
    root, count = sys.argv[1], int(sys.argv[2])
    rng = random.Random(count)
    for number in range(count):
        folder = os.path.join(root, f"d{number % 23}", ODD[number % len(ODD)], f"{number % 7}")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"{ODD[(number // 7) % len(ODD)]}-{number}.bin")
        with open(path, "wb") as file:
            file.write(rng.randbytes(size_of(number, rng)))
        # Not from this very second: what a client syncs next must not look newer than its own upload.
        os.utime(path, (1_600_000_000 + number, 1_600_000_000 + number))


main()
