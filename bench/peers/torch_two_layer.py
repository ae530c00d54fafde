"""PyTorch on small networks: the two-layer sigmoid network on a truth table, and deeper ones with bias and tanh.

Each is trained for 1500 full-batch gradient-descent steps on four samples, in the ways a PyTorch user might write
it: autograd; derivatives by hand; both compiled, one step a call or many.
"""

import torch
import torch.nn.functional as F

import common

STEPS = 1500
CHUNK = 20  # steps in one call of the unrolled variant
# Widths from input to output; the same list is in bench/hebb_bench.cpp.
SMALL_NETS = [(8, 19, 3), (5, 27, 14, 2), (12, 32, 23, 9, 4)]


def truth_table():
    x = torch.tensor([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=torch.float32)
    y = torch.tensor([[0], [1], [1], [0]], dtype=torch.float32)
    return x, y


def mission_weights():
    torch.manual_seed(1)
    return [torch.rand(3, 4) * 2 - 1, torch.rand(4, 1) * 2 - 1]


def by_autograd(loss_of, parameters, rate, wrap=lambda f: f):
    parameters = [p.clone().requires_grad_(True) for p in parameters]
    loss_of = wrap(loss_of)

    def train(steps):
        for _ in range(steps):
            gradients = torch.autograd.grad(loss_of(parameters), parameters)
            with torch.no_grad():
                torch._foreach_add_(parameters, gradients, alpha=-rate)
        return float(loss_of(parameters).detach())

    return train


def mission_step(x, y, w1, w2):
    """One step with derivatives by hand; the 2 is that of the square in the loss."""
    hidden = torch.sigmoid(x @ w1)
    out = torch.sigmoid(hidden @ w2)
    delta2 = 2 * (out - y) * out * (1 - out)
    delta1 = (delta2 @ w2.T) * hidden * (1 - hidden)
    return w1 - x.T @ delta1, w2 - hidden.T @ delta2


def mission_step_fusible(x, y, w1, w2):
    """The same with products written as sums, which the compiler fuses where it would call a library."""
    hidden = torch.sigmoid((x[:, :, None] * w1[None]).sum(1))
    out = torch.sigmoid((hidden[:, :, None] * w2[None]).sum(1))
    delta2 = 2 * (out - y) * out * (1 - out)
    delta1 = (delta2[:, None, :] * w2[None]).sum(2) * hidden * (1 - hidden)
    return w1 - (x[:, :, None] * delta1[:, None, :]).sum(0), w2 - (hidden[:, :, None] * delta2[:, None, :]).sum(0)


def by_hand(step, x, y, wrap=lambda f: f, steps_per_call=1):
    def several(x, y, w1, w2):
        for _ in range(steps_per_call):
            w1, w2 = step(x, y, w1, w2)
        return w1, w2

    several = wrap(several)

    def train(steps):
        with torch.no_grad():
            w1, w2 = mission_weights()
            for _ in range(steps // steps_per_call):
                w1, w2 = several(x, y, w1, w2)
            return float((torch.sigmoid(torch.sigmoid(x @ w1) @ w2) - y).square().sum())

    return train


def compiled(function):
    return torch.compile(function, dynamic=False)


def measure(ways, trainers, repetitions, steps):
    for name, make in trainers.items():
        def work(make=make):
            train = make()
            # Milliseconds for 1500 steps, whatever number was run.
            return common.median_seconds(lambda: train(steps), repetitions) * 1e3 * STEPS / steps
        common.attempt(name, work, ways)


def mission(repetitions, steps):
    x, y = truth_table()

    def loss(parameters):
        w1, w2 = parameters
        return (torch.sigmoid(torch.sigmoid(x @ w1) @ w2) - y).square().sum()

    ways = {}
    measure(ways, {
        "autograd": lambda: by_autograd(loss, mission_weights(), 1.0),
        "autograd, compiled": lambda: by_autograd(loss, mission_weights(), 1.0, compiled),
        "by hand": lambda: by_hand(mission_step, x, y),
        "by hand, compiled": lambda: by_hand(mission_step, x, y, compiled),
        "by hand as sums, compiled": lambda: by_hand(mission_step_fusible, x, y, compiled),
        f"by hand as sums, {CHUNK} steps unrolled, compiled":
            lambda: by_hand(mission_step_fusible, x, y, compiled, CHUNK),
    }, repetitions, steps)
    final = by_hand(mission_step, x, y)(STEPS)
    return common.fastest("two_layer/1500_steps", "ms", ways, final_loss=final)


def small_net(widths, repetitions, steps):
    torch.manual_seed(2)
    layers = list(zip(widths, widths[1:]))
    parameters = []
    for fan_in, fan_out in layers:
        parameters += [torch.randn(fan_out, fan_in) / fan_in**0.5, torch.zeros(fan_out)]
    x = torch.randn(4, widths[0])
    y = torch.tanh(torch.randn(4, widths[-1]))

    def loss(parameters):
        value = x
        for weight, bias in zip(parameters[::2], parameters[1::2]):
            value = torch.tanh(F.linear(value, weight, bias))
        return (value - y).square().sum()

    ways = {}
    measure(ways, {
        "autograd": lambda: by_autograd(loss, parameters, 0.01),
        "autograd, compiled": lambda: by_autograd(loss, parameters, 0.01, compiled),
    }, repetitions, steps)
    return common.fastest("small_net/" + "-".join(map(str, widths)) + "/1500_steps", "ms", ways)


def main():
    options = common.parse_arguments(__doc__)
    # Splitting work this small between threads only slows it down: one is PyTorch's fastest setting.
    torch.set_num_threads(1)
    repetitions = options.repetitions or (1 if options.quick else 7)
    steps = 5 * CHUNK if options.quick else STEPS
    results = [mission(repetitions, steps)] + [small_net(widths, repetitions, steps) for widths in SMALL_NETS]
    common.emit("pytorch", torch.__version__, 1, results)


if __name__ == "__main__":
    main()
