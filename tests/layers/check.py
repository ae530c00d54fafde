"""Checks the order of the house, as docs/architecture.md lists it:

- a folder of src/ includes only itself and those above it in the list;
- the engine includes and links Highway and the system's libraries alone;
- public headers show no library that Hebb is made of.

usage: check.py SOURCE_TREE PROGRAM, a program that the whole engine is linked into
"""

import re
import subprocess
import sys
from pathlib import Path

ENGINE_MARK = "`libhebb`, which stands on Highway alone"
ABOVE_THE_ENGINE = "augmentation boundary config data datasets evaluation experiments explain fetch hebb insight io lab memory_store model_file pattern_files report run surface train trainer".split()
STANDARD = re.compile(r"<[a-z_]+>")
ENGINE_SYSTEM = re.compile(r"<(hwy/.+|cpuid\.h|immintrin\.h|sched\.h|sys/syscall\.h|unistd\.h)>")
ENGINE_LIBRARIES = re.compile(r"(libhebb|libhwy|libstdc\+\+|libm|libc|libgcc_s|ld-linux.*|lib[atu]b?san)\.so")


def includes(path):
    return re.findall(r'^#include\s+(<[^>]+>|"[^"]+")', path.read_text(), re.MULTILINE)


def public(name):
    """'tensor' for "hebb/tensor.hpp" or <hebb/tensor.hpp>, else None."""
    found = re.fullmatch(r'["<]hebb/(\w+)\.(?:hpp|def)[">]', name)
    return found and found[1]


def problems_of_sources(tree):
    order, engine = [], True
    for row in re.findall(r"^\| .*", (tree / "docs/architecture.md").read_text(), re.MULTILINE):
        engine = engine and ENGINE_MARK not in row
        folder = re.match(r"\| `([a-z/]+)/`", row)
        if not folder:
            continue
        order.append(folder[1])
        for path in sorted((tree / "src" / folder[1]).glob("*.*")):
            for name in includes(path):
                where = f"{path.relative_to(tree)} includes {name}"
                if public(name):
                    if engine and public(name) in ABOVE_THE_ENGINE:
                        yield f"{where}, which stands above the engine"
                elif name.startswith('"'):
                    if name[1:].rpartition("/")[0] not in order:
                        yield f"{where}: {folder[1]}/ may include {', '.join(order)}"
                elif engine and not STANDARD.fullmatch(name) and not ENGINE_SYSTEM.fullmatch(name):
                    yield f"{where}: the engine stands on Highway alone"
    if engine:
        yield "docs/architecture.md does not say where the engine ends"
    for path in sorted((tree / "src").rglob("*.*")):
        if str(path.parent.relative_to(tree / "src")) not in order:
            yield f"{path.relative_to(tree)} lies in a folder that docs/architecture.md does not list"


def problems_of_headers(tree):
    for path in sorted((tree / "include/hebb").iterdir()):
        for name in includes(path):
            where = f"{path.relative_to(tree)} includes {name}"
            if not public(name) and not STANDARD.fullmatch(name):
                yield f"{where}: a public header shows a library"
            if path.stem not in ABOVE_THE_ENGINE and public(name) in ABOVE_THE_ENGINE:
                yield f"{where}, which stands above the engine"


def problems_of_libraries(program):
    dynamic = subprocess.run(["readelf", "-d", program], check=True, capture_output=True, text=True).stdout
    needed = re.findall(r"Shared library: \[(.+)\]", dynamic)
    if not needed:
        yield f"readelf tells of no library that {program} needs"
    for library in needed:
        if not ENGINE_LIBRARIES.match(library):
            yield f"the engine links {library}"


def main():
    tree, program = Path(sys.argv[1]), sys.argv[2]
    problems = [*problems_of_sources(tree), *problems_of_headers(tree), *problems_of_libraries(program)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
