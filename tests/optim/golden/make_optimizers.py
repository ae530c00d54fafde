#!/usr/bin/env python3
"""Writes optimizers.txt and schedules.txt beside this file: trajectories in float64 by PyTorch, and by a plain NumPy
L-BFGS after Nocedal and Wright, Numerical Optimization, 2nd edition (algorithms 7.4, 7.5, 3.5, 3.6).

    pip install torch numpy && python3 make_optimizers.py
"""
import math
import pathlib

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
here = pathlib.Path(__file__).parent

# The objective: sum of a p^2 / 2 + sin(b p); its gradient is a p + b cos(b p).
A = [0.1, 0.5, 1.0, 2.0, 4.0, 0.0]
B = [1.0, 2.0, 0.5, 3.0, 1.5, 1.0]
P = [1.0, -2.0, 0.3, 0.0, -0.7, 2.5]
STEPS = 25


def row(values):
    return " ".join(repr(float(v)) for v in values)


def trajectory(make):
    p = torch.tensor(P, requires_grad=True)
    a, b = torch.tensor(A), torch.tensor(B)
    optimizer = make([p])
    path = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        (a * p * p / 2 + torch.sin(b * p)).sum().backward()
        optimizer.step()
        path.extend(p.detach().tolist())
    return path


class Decayed:
    """An optimiser after decoupled weight decay: p is multiplied by 1 - rate * decay before each step."""

    def __init__(self, inner, rate, decay):
        self.inner, self.factor = inner, 1 - rate * decay

    def zero_grad(self):
        self.inner.zero_grad()

    def step(self):
        with torch.no_grad():
            for p in self.inner.param_groups[0]["params"]:
                p *= self.factor
        self.inner.step()


O = torch.optim
optimizers = {
    "gd(learning_rate=0.05)": lambda p: O.SGD(p, lr=0.05),
    "sgd(learning_rate=0.05, weight_decay=0.1)": lambda p: Decayed(O.SGD(p, lr=0.05), 0.05, 0.1),
    "momentum(learning_rate=0.02, momentum=0.8)": lambda p: O.SGD(p, lr=0.02, momentum=0.8),
    "nesterov(learning_rate=0.02)": lambda p: O.SGD(p, lr=0.02, momentum=0.9, nesterov=True),
    "adagrad(learning_rate=0.3)": lambda p: O.Adagrad(p, lr=0.3),
    "adagrad(learning_rate=0.3, learning_rate_decay=0.1, initial_accumulator=0.2, epsilon=0.001)":
        lambda p: O.Adagrad(p, lr=0.3, lr_decay=0.1, initial_accumulator_value=0.2, eps=0.001),
    "rmsprop(learning_rate=0.05)": lambda p: O.RMSprop(p, lr=0.05),
    "rmsprop(learning_rate=0.02, decay=0.9, momentum=0.5, epsilon=0.0001)":
        lambda p: O.RMSprop(p, lr=0.02, alpha=0.9, momentum=0.5, eps=0.0001),
    "adam(learning_rate=0.1)": lambda p: O.Adam(p, lr=0.1),
    "adam(learning_rate=0.1, beta1=0.8, beta2=0.99, epsilon=0.001)":
        lambda p: O.Adam(p, lr=0.1, betas=(0.8, 0.99), eps=0.001),
    "adamw(learning_rate=0.1)": lambda p: O.AdamW(p, lr=0.1, weight_decay=0.01),
    "adamw(learning_rate=0.1, weight_decay=0.3)": lambda p: O.AdamW(p, lr=0.1, weight_decay=0.3),
    "rprop(learning_rate=0.05)": lambda p: O.Rprop(p, lr=0.05),
    "rprop(learning_rate=0.05, shrink=0.4, grow=1.5, smallest_step=0.01, largest_step=0.2)":
        lambda p: O.Rprop(p, lr=0.05, etas=(0.4, 1.5), step_sizes=(0.01, 0.2)),
}


def rosenbrock(x):
    f = sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1))
    g = np.zeros_like(x)
    for i in range(len(x) - 1):
        g[i] += -400 * x[i] * (x[i + 1] - x[i] ** 2) - 2 * (1 - x[i])
        g[i + 1] += 200 * (x[i + 1] - x[i] ** 2)
    return f, g


def lbfgs(f, x, iterations, history):
    """Loss before each iteration and the point after it. Trial lengths double while they grow; within a bracket the
    cubic interpolation (3.59) is kept a tenth of the bracket away from its ends."""
    c1, c2 = 1e-4, 0.9
    pairs, path = [], []
    loss, grad = f(x)
    for _ in range(iterations):
        q = grad.copy()
        alphas = []
        for s, y in reversed(pairs):
            alpha = s @ q / (s @ y)
            alphas.append(alpha)
            q -= alpha * y
        if pairs:
            s, y = pairs[-1]
            q *= (s @ y) / (y @ y)
        for (s, y), alpha in zip(pairs, reversed(alphas)):
            q += (alpha - (y @ q) / (s @ y)) * s
        d = -q

        def phi(t):
            value, gradient = f(x + t * d)
            return {"t": t, "f": value, "m": gradient @ d, "g": gradient}

        start = {"t": 0.0, "f": loss, "m": grad @ d, "g": grad}

        def zoom(low, high):
            while True:
                a, b = low, high
                d1 = a["m"] + b["m"] - 3 * (a["f"] - b["f"]) / (a["t"] - b["t"])
                square = d1 * d1 - a["m"] * b["m"]
                left, right = sorted((a["t"], b["t"]))
                if square < 0:
                    t = (left + right) / 2
                else:
                    d2 = math.copysign(math.sqrt(square), b["t"] - a["t"])
                    t = b["t"] - (b["t"] - a["t"]) * (b["m"] + d2 - d1) / (b["m"] - a["m"] + 2 * d2)
                    t = min(max(t, left + 0.1 * (right - left)), right - 0.1 * (right - left))
                trial = phi(t)
                if trial["f"] > start["f"] + c1 * t * start["m"] or trial["f"] >= low["f"]:
                    high = trial
                    continue
                if abs(trial["m"]) <= -c2 * start["m"]:
                    return trial
                if trial["m"] * (high["t"] - low["t"]) >= 0:
                    high = low
                low = trial

        previous, t, first = start, (1.0 if pairs else min(1.0, 1 / np.abs(grad).sum())), True
        while True:
            trial = phi(t)
            if trial["f"] > start["f"] + c1 * t * start["m"] or (not first and trial["f"] >= previous["f"]):
                trial = zoom(previous, trial)
                break
            if abs(trial["m"]) <= -c2 * start["m"]:
                break
            if trial["m"] >= 0:
                trial = zoom(trial, previous)
                break
            previous, t, first = trial, 2 * t, False
        path.append(loss)
        s, y = trial["t"] * d, trial["g"] - grad
        if s @ y > 1e-10:
            pairs = (pairs + [(s, y)])[-history:]
        x, loss, grad = x + s, trial["f"], trial["g"]
        path.extend(x)
    return path


with open(here / "optimizers.txt", "w") as out:
    print(f"# {STEPS} steps on sum(a p^2 / 2 + sin(b p)), float64, by make_optimizers.py with PyTorch {torch.__version__}",
          file=out)
    for name, values in (("a", A), ("b", B), ("p", P)):
        print(f"{name}: {row(values)}", file=out)
    for text, make in optimizers.items():
        print(f"{text}: {row(trajectory(make))}", file=out)

with open(here / "lbfgs.txt", "w") as out:
    print("# Rosenbrock's function from (-1.2, 1, 0.5, -0.3): loss before and point after each iteration, float64, by",
          "make_optimizers.py", file=out)
    for history in (10, 2):
        print(f"{history}: {row(lbfgs(rosenbrock, np.array([-1.2, 1, 0.5, -0.3]), 25, history))}", file=out)

# Learning rates: 4 epochs of 5 steps each, base rate 0.4.
EPOCHS, PER_EPOCH, BASE = 8, 5, 0.4
LOSSES = [1.0, 0.5, 0.49999, 0.51, 0.6, 0.4, 0.41, 0.42]


def rates(make, by):
    optimizer = O.SGD([torch.zeros(1)], lr=BASE)
    schedule = make(optimizer)
    result = []
    for epoch in range(EPOCHS):
        for _ in range(PER_EPOCH):
            result.append(optimizer.param_groups[0]["lr"])
            if by == "step":
                optimizer.step()
                schedule.step()
        if by == "epoch":
            optimizer.step()
            schedule.step()
        if by == "loss":
            schedule.step(LOSSES[epoch])
    return result


S = O.lr_scheduler
TOTAL = EPOCHS * PER_EPOCH
schedules = {
    "constant": (lambda o: S.ConstantLR(o, factor=1.0), "step"),
    "constant(warmup=7)": (lambda o: S.LinearLR(o, start_factor=1 / 8, total_iters=7), "step"),
    "step(epochs=3, gamma=0.5)": (lambda o: S.StepLR(o, step_size=3, gamma=0.5), "epoch"),
    "exponential(gamma=0.8)": (lambda o: S.ExponentialLR(o, gamma=0.8), "epoch"),
    "cosine(least=0.01)": (lambda o: S.CosineAnnealingLR(o, T_max=TOTAL, eta_min=0.01), "step"),
    "one_cycle": (lambda o: S.OneCycleLR(o, max_lr=BASE, total_steps=TOTAL, cycle_momentum=False), "step"),
    "one_cycle(peak=0.5)": (lambda o: S.OneCycleLR(o, max_lr=BASE, total_steps=TOTAL, pct_start=0.5,
                                                   cycle_momentum=False), "step"),
    "plateau(patience=1, gamma=0.5)": (lambda o: S.ReduceLROnPlateau(o, factor=0.5, patience=1), "loss"),
    "plateau(patience=0, gamma=0.1, least=0.01)": (lambda o: S.ReduceLROnPlateau(o, factor=0.1, patience=0, min_lr=0.01),
                                                   "loss"),
}
with open(here / "schedules.txt", "w") as out:
    print(f"# Learning rates of {EPOCHS} epochs of {PER_EPOCH} steps, base {BASE}, by make_optimizers.py with PyTorch",
          torch.__version__, file=out)
    print(f"losses: {row(LOSSES)}", file=out)
    for text, (make, by) in schedules.items():
        print(f"{text}: {row(rates(make, by))}", file=out)
