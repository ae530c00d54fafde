"""NumPy's matrix product (the OpenBLAS of its wheel, f32) at the sizes of bench/hebb_bench.cpp, in GFLOP/s."""

import os

import common


def main():
    options = common.parse_arguments(__doc__)
    # Read by OpenBLAS when it is loaded: its own choice of kernels and sizes is what is to be measured.
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)
    import numpy

    generator = numpy.random.default_rng(0)

    def normal(rows, columns):
        return generator.standard_normal((rows, columns), dtype=numpy.float32)

    results = []
    for m, n, k, transposed in common.GEMM_SIZES:
        if options.quick and m > 1000:
            continue
        a = normal(k, m).T if transposed else normal(m, k)
        b, c = normal(k, n), numpy.empty((m, n), dtype=numpy.float32)
        each = common.seconds_per_call(lambda: numpy.matmul(a, b, out=c), 0.02 if options.quick else 0.2)
        results.append(common.result(common.gemm_name(m, n, k, transposed), 2e-9 * m * n * k / each, "GFLOP/s"))
    common.emit("numpy", numpy.__version__, options.threads, results)


if __name__ == "__main__":
    main()
