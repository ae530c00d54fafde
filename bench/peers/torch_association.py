"""One update of a modern Hopfield memory by PyTorch (f32), the fastest of two ways, in milliseconds."""

import torch

import common

PATTERNS, UNITS = 100_000, 512


def main():
    options = common.parse_arguments(__doc__)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    count = 1000 if options.quick else PATTERNS
    patterns = torch.randn(count, UNITS)
    results = []
    for queries in (1, 256):
        states = patterns[:queries].clone()
        ways = {}

        def measure(name, work):
            common.attempt(name, lambda: 1e3 * common.seconds_per_call(work, 0.02 if options.quick else 0.2), ways)

        with torch.inference_mode():
            measure("products", lambda: torch.softmax(states @ patterns.T, -1) @ patterns)
            measure("attention", lambda: torch.nn.functional.scaled_dot_product_attention(
                states[None], patterns[None], patterns[None], scale=1.0))
        results.append(common.fastest(f"association/{queries}x{PATTERNS}x{UNITS}", "ms", ways))
    common.emit("pytorch", torch.__version__, options.threads, results)


if __name__ == "__main__":
    main()
