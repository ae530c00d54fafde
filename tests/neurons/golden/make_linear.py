#!/usr/bin/env python3
"""Writes linear.txt beside this file: what scikit-learn's linear models learn from iris and moons, samples in the same
order. Inputs are float32 numbers; scikit-learn computes in float64.

    pip install scikit-learn && python3 make_linear.py
"""
import pathlib

import numpy as np
from sklearn.datasets import load_iris, make_moons
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Perceptron, Ridge, SGDClassifier

iris = load_iris()
order = np.random.default_rng(5).permutation(150)
moons_x, moons_y = make_moons(80, noise=0.25, random_state=3)
SETS = {
    "iris": (iris.data[order].astype(np.float32).astype(np.float64), iris.target[order]),
    "moons": (moons_x.round(3).astype(np.float32).astype(np.float64), moons_y),
}


def sgd(loss, epochs, rate, **options):
    return SGDClassifier(loss=loss, learning_rate=options.pop("learning_rate", "constant"), eta0=rate, max_iter=epochs,
                         tol=None, shuffle=False, penalty=options.pop("penalty", None), **options)


# An alpha is the factor of half the square: the l2 of Hebb is half of it. The C of LogisticRegression is one over
# the factor of half the square in a sum over samples, the alpha of Ridge the factor of the square in such a sum.
CLASSIFIERS = {
    "perceptron": Perceptron(max_iter=7, tol=None, shuffle=False),
    "perceptron l2=0.0005": Perceptron(max_iter=5, tol=None, shuffle=False, penalty="l2", alpha=0.001),
    "margin": sgd("hinge", 6, 0.1),
    "averaged": sgd("perceptron", 4, 1.0, average=True),
    "adaline": sgd("squared_error", 8, 0.01),
    "adaline l2=0.01": sgd("squared_error", 8, 0.01, penalty="l2", alpha=0.02),
    "adaline inverse": sgd("squared_error", 8, 0.02, learning_rate="invscaling", power_t=0.25),
    "logistic_sgd": sgd("log_loss", 5, 0.05),
    "logistic_sgd l2=0.01": sgd("log_loss", 5, 0.05, penalty="l2", alpha=0.02),
}


def row(values):
    return " ".join(repr(float(v)) for v in np.ravel(values))


with open(pathlib.Path(__file__).parent / "linear.txt", "w") as out:
    out.write("# Written by make_linear.py\n")
    for name, (x, y) in SETS.items():
        n = len(x)
        out.write(f"{name} x: {row(x)}\n{name} y: {row(y)}\n")
        for kind, model in CLASSIFIERS.items():
            model.fit(x, y)
            out.write(f"{name} {kind} weights: {row(model.coef_)}\n{name} {kind} bias: {row(model.intercept_)}\n")
            out.write(f"{name} {kind} predictions: {row(model.predict(x))}\n")
        for l2 in (1e-4, 1e-2):
            model = LogisticRegression(C=1 / (2 * l2 * n), solver="newton-cholesky", tol=1e-12, max_iter=200)
            model.fit(x, y)
            out.write(f"{name} logistic l2={l2} weights: {row(model.coef_)}\n")
            out.write(f"{name} logistic l2={l2} bias: {row(model.intercept_)}\n")
        rest, target = x[:, :-1], x[:, -1].astype(np.float32).astype(np.float64)
        for kind, model in [("least_squares", LinearRegression()), ("ridge l2=0.05", Ridge(alpha=0.05 * n)),
                            ("lasso l1=0.1", Lasso(alpha=0.05, tol=1e-14, max_iter=100000))]:
            model.fit(rest, target)
            out.write(f"{name} {kind}: {row(model.coef_)} {row(model.intercept_)}\n")
