#!/usr/bin/env python3
"""Writes linear_mnist.txt beside this file: what scikit-learn's linear models learn from MNIST in the order of its files.

    pip install scikit-learn && python3 make_linear_mnist.py FOLDER    # that holds the four files of MNIST

Of the weights, [10, 784], it keeps for each class: their sum, the sum of their squares, and the sum of each times its
index from 1.
"""
import pathlib
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "bench/peers"))
import common  # noqa: E402

folder = pathlib.Path(sys.argv[1])
images = common.read_idx(folder / "train-images-idx3-ubyte").reshape(60000, 784)
labels = common.read_idx(folder / "train-labels-idx1-ubyte")
pixels = images.astype(np.float64)
unit = (images.astype(np.float32) / np.float32(255)).astype(np.float64)


def row(values):
    return " ".join(repr(float(v)) for v in np.ravel(values))


with open(pathlib.Path(__file__).parent / "linear_mnist.txt", "w") as out:
    out.write("# Written by make_linear_mnist.py\n")

    def write(name, model, x, y):
        w = model.coef_
        out.write(f"{name} sums: {row(w.sum(1))}\n{name} squares: {row((w * w).sum(1))}\n")
        out.write(f"{name} moments: {row(w @ np.arange(1, 785))}\n{name} bias: {row(model.intercept_)}\n")
        out.write(f"{name} right: {int((model.predict(x) == y).sum())}\n")

    write("perceptron", Perceptron(max_iter=1, tol=None, shuffle=False).fit(pixels, labels), pixels, labels)
    adaline = SGDClassifier(loss="squared_error", penalty=None, learning_rate="constant", eta0=1e-3, max_iter=1, tol=None,
                            shuffle=False)
    write("adaline", adaline.fit(unit, labels), unit, labels)
    x, y, l2 = unit[:5000], labels[:5000], 1e-3
    logistic = LogisticRegression(C=1 / (2 * l2 * 5000), tol=1e-9, max_iter=5000).fit(x, y)
    write("logistic", logistic, x, y)
    loss = -logistic.predict_log_proba(x)[np.arange(5000), y].mean() + l2 * (logistic.coef_**2).sum()
    out.write(f"logistic objective: {row(loss)}\n")
