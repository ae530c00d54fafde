#!/usr/bin/env python3
"""Writes averages.txt beside this file: linear regression by gradient descent in NumPy, float64, and the moving average
of its parameters with the decay min(d, (1 + t) / (10 + t)).

    pip install numpy && python3 make_averages.py
"""
import pathlib

import numpy as np

STEPS = 40
RATE = 0.1
random = np.random.default_rng(7)
x = random.normal(size=(12, 3)).round(3)
y = random.normal(size=(12, 1)).round(3)
start = {"weight": random.normal(size=(3, 1)).round(3), "bias": np.array([0.25])}


def row(values):
    return " ".join(repr(float(v)) for v in np.ravel(values))


with open(pathlib.Path(__file__).parent / "averages.txt", "w") as out:
    out.write("# Written by make_averages.py\n")
    for name, values in [("x", x), ("y", y), *start.items()]:
        out.write(f"{name}: {row(values)}\n")
    for decay in (0.6, 0.999):
        w, b = start["weight"].copy(), start["bias"].copy()
        average = np.concatenate([w.ravel(), b])
        path = []
        for t in range(1, STEPS + 1):
            error = x @ w + b - y
            w -= RATE * 2 * x.T @ error / len(x)
            b -= RATE * 2 * error.mean(axis=0)
            d = min(decay, (1 + t) / (10 + t))
            average = d * average + (1 - d) * np.concatenate([w.ravel(), b])
            path.extend(average)
        out.write(f"{decay}: {row(path)}\n")
