"""Checks what the documents say of the rest of the tree:

- every relative link of README and docs/ leads to a file;
- code quoted in docs/ladder is in the file that is linked before it, word for word;
- the pages of a language after the first have the same commands, outputs and code;
- with a TOOL: its commands print what the pages of docs/ladder quote. Numbers may differ by 2 %, since processors
  with other instructions add in another order, and "..." stands for lines left out.

usage: check.py SOURCE_TREE [TOOL]
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LINK = re.compile(r"\]\(([^)\s]+)\)")
NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?")
TOLERANCE = 0.02
ROUNDING = 1e-9  # below it a number is an error of rounding, and may be any other such


def blocks_of(text):
    """(kind, content, links before it) of every command ("run") and fenced block ("cpp", "text") in its order."""
    blocks, links, fence, command = [], [], None, None
    for line in text.splitlines():
        if fence is not None:
            if line == "```":
                blocks.append((fence[0], "\n".join(fence[1]), list(links)))
                fence = None
            else:
                fence[1].append(line)
        elif line.startswith("```"):
            fence = (line[3:], [])
        elif command is not None or line.startswith("    hebb "):
            command = [*(command or []), line.strip()]
            if not line.endswith("\\"):
                blocks.append(("run", "\n".join(command), list(links)))
                command = None
        else:
            links += LINK.findall(line)
    return blocks


def broken_links(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in LINK.findall(text):
        file = target.split("#")[0]
        if file and "://" not in file and not (page.parent / file).exists():
            yield f"{page}: leads to {target}, which is not there"


def misquoted_code(page):
    for kind, content, links in blocks_of(page.read_text()):
        if kind != "cpp":
            continue
        sources = [link for link in links if "/src/" in link or "/include/" in link]
        if not sources:
            yield f"{page}: code without a link to its file before it"
        elif content not in (page.parent / sources[-1]).read_text():
            yield f"{page}: {sources[-1]} does not have\n{content}"


def differences_of_languages(page, other):
    if not other.exists():
        yield f"{other} is missing"
        return
    ours, theirs = ([block[:2] for block in blocks_of(p.read_text())] for p in (page, other))
    for a, b in zip(ours, theirs):
        if a != b:
            yield f"{other}: expected, as in {page},\n{a[1]}\ngot\n{b[1]}"
            return
    if len(ours) != len(theirs):
        yield f"{other}: {len(theirs)} commands and blocks, {page} has {len(ours)}"


def alike(quoted, printed):
    """Whether two lines are the same but for the size of blanks and for rounding."""
    def plain(line):
        return re.sub(r"\s+", " ", NUMBER.sub("#", line)).strip()

    if plain(quoted) != plain(printed):
        return False
    a, b = ([float(n.replace(",", "")) for n in NUMBER.findall(line)] for line in (quoted, printed))
    return all(abs(x - y) <= max(TOLERANCE * max(abs(x), abs(y)), ROUNDING) for x, y in zip(a, b))


def missing_part(quoted, printed):
    """The first part of `quoted`, between lines of "...", that `printed` does not have after those before it, or None."""
    at = 0
    for part in re.split(r"^\.\.\.\n", quoted, flags=re.MULTILINE):
        lines = part.splitlines()
        starts = range(at, len(printed) - len(lines) + 1)
        found = next((k for k in starts if all(map(alike, lines, printed[k:]))), None)
        if found is None:
            return part
        at = found + len(lines)
    return None


def misquoted_output(page, tool):
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(tool, Path(folder) / "hebb")
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        printed = []
        for kind, content, _ in blocks_of(page.read_text()):
            if kind == "run":
                result = subprocess.run(content, shell=True, cwd=folder, env=environment, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
                printed += result.stdout.splitlines()
                if result.returncode != 0:
                    yield f"{page}: {content}\nends with {result.returncode}:\n{result.stdout}"
            elif kind == "text":
                part = missing_part(content, printed)
                if part is not None:
                    yield f"{page}: not printed, or not in this place:\n{part}"
        for picture in re.findall(r"pictures/([\w.-]+)", page.read_text()):
            if not (Path(folder) / picture).exists():
                yield f"{page}: no command draws {picture}"


def problems(tree, tool):
    for page in [*sorted(tree.glob("*.md")), *sorted((tree / "docs").rglob("*.md"))]:
        yield from broken_links(page)
    ladder = tree / "docs/ladder"
    pages = sorted(ladder.glob("[0-9]*.md"))
    if not pages:
        yield f"{ladder}: no pages"
    for page in pages:
        yield from misquoted_code(page)
        for language in sorted(path for path in ladder.iterdir() if path.is_dir()):
            yield from differences_of_languages(page, language / page.name)
            yield from misquoted_code(language / page.name)
        if tool:
            yield from misquoted_output(page, tool)


if __name__ == "__main__":
    found = list(problems(Path(sys.argv[1]), Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None))
    print("\n\n".join(found) or "nothing amiss")
    sys.exit(bool(found))
