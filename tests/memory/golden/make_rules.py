#!/usr/bin/env python3
"""Writes rules.txt beside this file: weights of learning rules by NumPy in float64, and the largest stability that the
weights into each unit can have, by least distance programming (Lawson and Hanson, Solving Least Squares Problems,
chapter 23).

    pip install numpy scipy && python3 make_rules.py
"""
import pathlib

import numpy as np
from scipy.optimize import nnls

UNITS, PATTERNS = 20, 5
random = np.random.default_rng(4)
base = random.choice([-1, 1], size=UNITS)
sets = {
    "random": random.choice([-1, 1], size=(PATTERNS, UNITS)),
    "correlated": np.where(random.random((PATTERNS, UNITS)) < 0.25, -base, base),
}


def storkey(patterns):
    """Storkey 1997; the field at i due to all units but i and j, for every pair."""
    n = patterns.shape[1]
    w = np.zeros((n, n))
    for xi in patterns:
        h = (w @ xi)[:, None] - np.diag(w)[:, None] * xi[:, None] - w * xi[None, :]
        w = w + (np.outer(xi, xi) - xi[:, None] * h.T - h * xi[None, :]) / n
        np.fill_diagonal(w, 0)
    return w


def pseudo_inverse(patterns):
    w = patterns.T @ np.linalg.pinv(patterns.T)
    np.fill_diagonal(w, 0)
    return w


def largest_stability(inputs, targets):
    """The largest kappa with targets (inputs w) >= kappa for some w of norm 1: 1 / |w| of the shortest w with
    targets (inputs w) >= 1."""
    g = inputs * targets[:, None]
    e = np.vstack([g.T, np.ones(len(g))])
    f = np.zeros(g.shape[1] + 1)
    f[-1] = 1
    u, _ = nnls(e, f)
    r = e @ u - f
    w = -r[:-1] / r[-1]
    assert (g @ w > 1 - 1e-9).all()
    return 1 / np.linalg.norm(w)


def stabilities(patterns, values):
    """For every unit, from the values of all others."""
    result = []
    for i in range(patterns.shape[1]):
        others = np.delete(values, i, axis=1).astype(float)
        result.append(largest_stability(others, patterns[:, i].astype(float)))
    return result


def row(values):
    return " ".join(repr(float(v)) for v in np.ravel(values))


with open(pathlib.Path(__file__).parent / "rules.txt", "w") as out:
    out.write("# Written by make_rules.py\n")
    for name, patterns in sets.items():
        out.write(f"{name} patterns: {row(patterns)}\n")
        out.write(f"{name} storkey: {row(storkey(patterns))}\n")
        out.write(f"{name} pseudo-inverse: {row(pseudo_inverse(patterns))}\n")
        out.write(f"{name} stabilities: {row(stabilities(patterns, patterns))}\n")
        out.write(f"{name} stabilities 01: {row(stabilities(patterns, (patterns + 1) // 2))}\n")
