"""PyTorch's matrix product (torch.mm, f32) at the sizes of bench/hebb_bench.cpp, in GFLOP/s."""

import torch

import common


def main():
    options = common.parse_arguments(__doc__)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    results = []
    for m, n, k, transposed in common.GEMM_SIZES:
        if options.quick and m > 1000:
            continue
        a = torch.randn(k, m).T if transposed else torch.randn(m, k)
        b, c = torch.randn(k, n), torch.empty(m, n)
        with torch.inference_mode():
            each = common.seconds_per_call(lambda: torch.mm(a, b, out=c), 0.02 if options.quick else 0.2)
        results.append(common.result(common.gemm_name(m, n, k, transposed), 2e-9 * m * n * k / each, "GFLOP/s"))
    common.emit("pytorch", torch.__version__, options.threads, results)


if __name__ == "__main__":
    main()
