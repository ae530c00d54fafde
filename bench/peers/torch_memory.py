"""A Hopfield network with a formed weight matrix by PyTorch and NumPy (f32): forming it, and sweeps of 10 000 units and
1000 patterns, on one thread as Hebb's, in milliseconds."""

import torch

import common

UNITS, PATTERNS = 10_000, 1000


def main():
    options = common.parse_arguments(__doc__)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    units = 500 if options.quick else UNITS
    patterns = torch.randint(0, 2, (PATTERNS, units)).float() * 2 - 1
    size = f"{UNITS}x{PATTERNS}"
    repetitions = 1 if options.quick else 3
    results = []

    def form():
        weights = patterns.T @ patterns
        weights /= units
        weights.fill_diagonal_(0)
        return weights

    with torch.inference_mode():
        results.append(common.result(f"memory/store_{size}", 1e3 * common.median_seconds(form, repetitions), "ms"))
        weights = form()
        state = patterns[0].clone()
        state[: units // 10] *= -1
        at_once = common.seconds_per_call(lambda: torch.sign(weights @ state), 0.02 if options.quick else 0.4)
        results.append(common.result(f"memory/synchronous_sweep_{size}", 1e3 * at_once, "ms"))

        ways = {}
        order = torch.randperm(units).tolist()
        rows, values = weights.numpy(), state.clone().numpy()

        def numpy_sweep():
            for i in order:
                field = rows[i] @ values
                if field != 0:
                    values[i] = 1 if field > 0 else -1

        def torch_sweep():
            moving = state.clone()
            for i in order:
                moving[i] = torch.sign(weights[i] @ moving)

        common.attempt("numpy", lambda: 1e3 * common.median_seconds(numpy_sweep, repetitions), ways)
        common.attempt("torch", lambda: 1e3 * common.median_seconds(torch_sweep, repetitions), ways)
        results.append(common.fastest(f"memory/asynchronous_sweep_{size}", "ms", ways))
    common.emit("pytorch", torch.__version__, 1, results)


if __name__ == "__main__":
    main()
