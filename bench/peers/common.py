"""What the peer benchmarks share: arguments, MNIST, timing, the JSON they print.

Every script prints one JSON object, {"peer": name, "version": text, "threads": n, "results": [...]}, each result
{"name": text, "value": number, "unit": text, "extra": {...}}. Names and units are those of hebb_bench --json;
bench/report.py joins them. Where a peer can do a job in several ways, the value is its fastest and `extra`
holds them all.
"""

import argparse
import gzip
import json
import pathlib
import statistics
import struct
import sys
import time

# The products of bench/hebb_bench.cpp: rows, columns, depth, whether the left operand is transposed.
GEMM_SIZES = [
    (128, 128, 784, False),
    (784, 128, 128, True),
    (32, 128, 784, False),
    (64, 10, 128, False),
    (512, 512, 512, False),
    (1024, 1024, 1024, False),
    (2048, 2048, 2048, False),
]


# The convolutions of bench/hebb_bench.cpp: batch, height and width, channels, outputs, kernel, stride; padded by half the kernel.
CONV_LAYERS = [
    (32, 32, 3, 16, 3, 1), (32, 32, 16, 16, 3, 1), (32, 32, 16, 32, 3, 2), (32, 16, 32, 32, 3, 1),
    (32, 16, 32, 64, 3, 2), (32, 8, 64, 64, 3, 1), (8, 224, 3, 64, 7, 2), (8, 56, 64, 64, 1, 1),
    (8, 56, 64, 64, 3, 1), (8, 56, 64, 256, 1, 1), (8, 56, 256, 64, 1, 1), (8, 56, 256, 128, 1, 1),
    (8, 56, 128, 128, 3, 2), (8, 28, 128, 512, 1, 1), (8, 56, 256, 512, 1, 2), (8, 28, 512, 128, 1, 1),
    (8, 28, 128, 128, 3, 1), (8, 28, 512, 256, 1, 1), (8, 28, 256, 256, 3, 2), (8, 14, 256, 1024, 1, 1),
    (8, 28, 512, 1024, 1, 2), (8, 14, 1024, 256, 1, 1), (8, 14, 256, 256, 3, 1), (8, 14, 1024, 512, 1, 1),
    (8, 14, 512, 512, 3, 2), (8, 7, 512, 2048, 1, 1), (8, 14, 1024, 2048, 1, 2), (8, 7, 2048, 512, 1, 1),
    (8, 7, 512, 512, 3, 1),
]


def conv_name(batch, size, channels, outputs, kernel, stride, kind):
    return f"conv/{batch}x{size}x{size}x{channels}-{outputs}k{kernel}s{stride}/{kind}"


def gemm_name(m, n, k, transposed):
    return f"gemm/{m}x{n}x{k}" + ("/at" if transposed else "")


def parse_arguments(description, mnist=False):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=0, help="timed repetitions; 0: the script's own choice")
    parser.add_argument("--quick", action="store_true", help="one repetition on little data: does it run?")
    if mnist:
        parser.add_argument("--data-dir", required=True, help="the folder that holds mnist/")
    return parser.parse_args()


def read_idx(path):
    """An IDX file of bytes (yann.lecun.com/exdb/mnist), plain or gzip, as a NumPy array."""
    import numpy

    path = pathlib.Path(path)
    if not path.exists():
        path = path.with_name(path.name + ".gz")
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        content = file.read()
    zero, kind, rank = struct.unpack_from(">HBB", content)
    if zero != 0 or kind != 8:
        raise SystemExit(f"{path}: not an IDX file of bytes")
    extents = struct.unpack_from(f">{rank}I", content, 4)
    values = numpy.frombuffer(content, dtype=numpy.uint8, offset=4 + 4 * rank)
    return values.reshape(extents).copy()


def read_mnist(data_dir):
    """Training images [60000, 784] and labels, test images [10000, 784] and labels, all bytes."""
    folder = pathlib.Path(data_dir) / "mnist"
    sets = []
    for part in ("train", "t10k"):
        images = read_idx(folder / f"{part}-images-idx3-ubyte")
        sets += [images.reshape(len(images), -1), read_idx(folder / f"{part}-labels-idx1-ubyte")]
    return sets


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median_seconds(work, repetitions, warm_up=1):
    for _ in range(warm_up):
        work()
    return statistics.median(seconds(work) for _ in range(repetitions))


def seconds_per_call(work, at_least=0.2, repetitions=7):
    """The median time of one call, from batches of calls long enough for the clock."""
    work()
    calls = 1
    while seconds(lambda: [work() for _ in range(calls)]) < at_least / 4:
        calls *= 2
    batches = [seconds(lambda: [work() for _ in range(calls)]) / calls for _ in range(repetitions)]
    return statistics.median(batches)


def attempt(name, work, ways):
    """Records work() under a name; a way this version does not offer is noted instead of ending the script."""
    try:
        ways[name] = work()
    except Exception as error:  # a peer's refusal takes any type
        print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)


def fastest(name, unit, ways, **extra):
    """The result of the fastest of several ways, {way: value}."""
    if not ways:
        return None
    best = min(ways, key=ways.get)
    return result(name, ways[best], unit, best=best, all=ways, **extra)


def result(name, value, unit, **extra):
    return {"name": name, "value": value, "unit": unit, "extra": extra}


def emit(peer, version, threads, results):
    json.dump({"peer": peer, "version": version, "threads": threads, "results": [r for r in results if r]}, sys.stdout,
              indent=1)
    print()
