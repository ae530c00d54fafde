"""Writes theory.txt beside it. Needs NumPy: python3 make_theory.py

The replica equations are solved as physicists first solve them, by inserting m, q and r until nothing changes,
with averages by a fine trapezoidal rule; the library goes another way.
"""

from math import erf, exp, log, pi, sqrt
from pathlib import Path

import numpy as np

Z = np.linspace(-9, 9, 1801)
WEIGHT = np.exp(-Z * Z / 2) / np.sqrt(2 * np.pi) * (Z[1] - Z[0])


def solve(alpha, temperature, m, steps=20000):
    """m, q, r from a start at overlap m."""
    retrieving = m > 0
    q, r = (1.0, 1.0) if retrieving else (0.5 if temperature > 0 else 1.0, 20.0)
    for _ in range(steps):
        before = m, q, r
        noise = sqrt(alpha * r)
        if temperature == 0:
            m = erf(m / (sqrt(2) * noise))
            c = sqrt(2 / pi) / noise * exp(-((before[0] / noise) ** 2) / 2)
        else:
            tanh = np.tanh((m + noise * Z) / temperature)
            m = float(WEIGHT @ tanh) if retrieving else 0
            q = float(WEIGHT @ tanh**2)
            c = (1 - q) / temperature
        wanted = min(4 * r, q / (1 - c) ** 2) if c < 1 else 4 * r
        r = 0.9 * r + 0.1 * wanted  # a part of the step, or the noise swings
        if max(abs(a - b) for a, b in zip(before, (m, q, r))) < 1e-14 or (retrieving and m < 0.2):
            break
    return m, q, r


def free_energy(alpha, temperature, m, q, r):
    noise = sqrt(alpha * r)
    if temperature == 0:
        c = sqrt(2 / pi) / noise * exp(-((m / noise) ** 2) / 2)
        field = float(WEIGHT @ np.abs(m + noise * Z))
        entropy_term = 0
    else:
        c = (1 - q) / temperature
        field = temperature * float(WEIGHT @ np.logaddexp((m + noise * Z) / temperature, -(m + noise * Z) / temperature))
        entropy_term = alpha * temperature / 2 * log(1 - c)
    return alpha / 2 + m * m / 2 + entropy_term - alpha / 2 * q / (1 - c) + alpha * r * c / 2 - field


def critical_load(temperature):
    """By halving: does the overlap survive?"""
    low, high = 0.01, 0.2
    while high - low > 1e-7:
        middle = (low + high) / 2
        low, high = (middle, high) if solve(middle, temperature, 1)[0] > 0.5 else (low, middle)
    return low


def ferromagnetic_load(temperature):
    low, high = 0.01, 0.1 if temperature < 0.3 else 0.06
    while high - low > 1e-8:
        middle = (low + high) / 2
        retrieval, glass = (free_energy(middle, temperature, *solve(middle, temperature, m)) for m in (1, 0))
        low, high = (middle, high) if retrieval < glass else (low, middle)
    return low


def line(name, *values):
    return f"{name}: {' '.join(f'{v:.12g}' for v in values)}\n"


text = "# written by make_theory.py\n"
text += "# load, temperature, m, q, r, f of retrieval\n"
for temperature, loads in ((0, (0.05, 0.12, 0.13, 0.137)), (0.1, (0.05, 0.12, 0.13)), (0.4, (0.01, 0.05, 0.07)), (0.9, (0.001,))):
    for alpha in loads:
        state = solve(alpha, temperature, 1)
        text += line("retrieval", alpha, temperature, *state, free_energy(alpha, temperature, *state))
text += "# the same of the spin glass\n"
for alpha, temperature in ((0.05, 0), (0.1, 0.2), (0.5, 0.8), (1, 1), (1, 1.6), (4, 2)):
    state = solve(alpha, temperature, 0)
    text += line("spin_glass", alpha, temperature, *state, free_energy(alpha, temperature, *state))
text += "# temperature, alpha_c\n"
for temperature in (0, 0.1, 0.4, 0.7):
    text += line("critical_load", temperature, critical_load(temperature))
text += "# temperature, load of equal free energies\n"
for temperature in (0, 0.1, 0.4):
    text += line("ferromagnetic_load", temperature, ferromagnetic_load(temperature))
text += "# margin, Gardner's load by quadrature\n"
t = np.linspace(0, 30, 300001)
for margin in (0, 0.5, 1, 2):
    # From -margin on, with y = t + margin.
    integral = np.trapezoid(np.exp(-((t - margin) ** 2) / 2) / np.sqrt(2 * np.pi) * t**2, t)
    text += line("gardner_load", margin, 1 / integral)
(Path(__file__).parent / "theory.txt").write_text(text)
