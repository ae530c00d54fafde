#!/usr/bin/env python3
"""Writes losses.txt, layers.txt, metrics.txt and two_layer.txt beside this file: float64 values and gradients by
PyTorch, scores by scikit-learn, and the first steps of the two-layer network worked out by hand in NumPy.

    pip install torch numpy scikit-learn && python3 make_golden.py
"""
import pathlib

import numpy as np
import sklearn.metrics as metrics
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
here = pathlib.Path(__file__).parent
rng = np.random.default_rng(7)


def row(values):
    return " ".join(repr(float(v)) for v in np.asarray(values).ravel())


def write(name, lines):
    with open(here / name, "w") as out:
        print(f"# float64, by make_golden.py; PyTorch {torch.__version__}, NumPy {np.__version__}", file=out)
        for key, values in lines:
            print(f"{key}: {row(values)}", file=out)


# ---- losses: the value, then the gradient with respect to the predictions -------------------------------------------
N, C = 5, 4
P = rng.normal(size=(N, C)) * 2
T = rng.normal(size=(N, C))
Q = rng.dirichlet(np.ones(C), size=N)
Q[0] = [0, 1, 0, 0]
LABELS = np.array([3, 0, 1, 1, 2])
BINARY = np.array([1, 0, 0, 1, 1])
WEIGHTS = [1.0, 2.0, 0.5, 3.0]


def with_gradient(f, p):
    p = torch.tensor(p, requires_grad=True)
    value = f(p)
    value.backward()
    return np.concatenate([[value.item()], p.grad.numpy().ravel()])


t, q, labels, binary = torch.tensor(T), torch.tensor(Q), torch.tensor(LABELS), torch.tensor(BINARY)
one = P[:, :1]
lines = [("P", P), ("T", T), ("Q", Q), ("labels", LABELS), ("binary", BINARY)]
for key, f, p in [
    ("sse", lambda p: ((p - t) ** 2).sum(), P),
    ("mse", lambda p: F.mse_loss(p, t), P),
    ("mae", lambda p: F.l1_loss(p, t), P),
    ("huber", lambda p: F.huber_loss(p, t), P),
    ("huber(0.4)", lambda p: F.huber_loss(p, t, delta=0.4), P),
    ("labels cross_entropy", lambda p: F.cross_entropy(p, labels), P),
    ("labels cross_entropy(label_smoothing=0.1)", lambda p: F.cross_entropy(p, labels, label_smoothing=0.1), P),
    ("labels weighted cross_entropy", lambda p: F.cross_entropy(p, labels, weight=torch.tensor(WEIGHTS)), P),
    ("probabilities cross_entropy", lambda p: F.cross_entropy(p, q), P),
    ("probabilities cross_entropy(label_smoothing=0.2)", lambda p: F.cross_entropy(p, q, label_smoothing=0.2), P),
    ("probabilities kl_divergence", lambda p: F.kl_div(F.log_softmax(p, -1), q, reduction="batchmean"), P),
    ("labels hinge", lambda p:
        torch.relu(1 + (p + torch.zeros_like(p).scatter(1, labels[:, None], -1e9)).max(1).values
                   - p.gather(1, labels[:, None])[:, 0]).mean(), P),
    ("binary hinge", lambda p: torch.relu(1 - (2 * binary[:, None] - 1) * p).mean(), one),
    ("binary binary_cross_entropy",
     lambda p: F.binary_cross_entropy_with_logits(p, binary[:, None].double()), one),
]:
    lines.append((key, with_gradient(f, p)))
write("losses.txt", lines)

# ---- layers: output, then gradients of sum(output * V) with respect to input, scale, shift -----------------------------
X = rng.normal(size=(6, 3)) * 2 + 1
V = rng.normal(size=(6, 3))
scale, shift = rng.normal(size=3), rng.normal(size=3)


def layer(make):
    x, s, h = (torch.tensor(a, requires_grad=True) for a in (X, scale, shift))
    y = make(x, s, h)
    (y * torch.tensor(V)).sum().backward()
    return np.concatenate([a.detach().numpy().ravel() for a in (y, x.grad, s.grad, h.grad)])


running_mean, running_variance = torch.zeros(3), torch.ones(3)
lines = [
    ("X", X), ("V", V), ("scale", scale), ("shift", shift),
    ("layer_norm", layer(lambda x, s, h: F.layer_norm(x, (3,), s, h))),
    ("layer_norm(epsilon=0.1)", layer(lambda x, s, h: F.layer_norm(x, (3,), s, h, eps=0.1))),
    ("batch_norm", layer(lambda x, s, h: F.batch_norm(x, running_mean, running_variance, s, h, training=True))),
]
lines += [("running_mean", running_mean), ("running_variance", running_variance)]
lines += [("batch_norm inference",
           layer(lambda x, s, h: F.batch_norm(x, running_mean, running_variance, s, h, training=False)))]
write("layers.txt", lines)

# ---- metrics ----------------------------------------------------------------------------------------------------------
scores = rng.normal(size=(40, 5))
truth = rng.integers(0, 4, size=40)  # class 4 occurs among the predictions alone
guess = scores.argmax(1)
pr = metrics.precision_recall_fscore_support(truth, guess, labels=range(5), zero_division=0)
macro = metrics.precision_recall_fscore_support(truth, guess, average="macro", zero_division=0)
values, wanted = rng.normal(size=(30, 2)), rng.normal(size=(30, 2))
write("metrics.txt", [
    ("scores", scores), ("truth", truth), ("accuracy", [metrics.accuracy_score(truth, guess)]),
    ("top3", [metrics.top_k_accuracy_score(truth, scores, k=3, labels=range(5))]),
    ("confusion", metrics.confusion_matrix(truth, guess, labels=range(5))),
    ("precision", pr[0]), ("recall", pr[1]), ("f1", pr[2]), ("macro", macro[:3]),
    ("values", values), ("wanted", wanted), ("mse", [metrics.mean_squared_error(wanted, values)]),
    ("mae", [metrics.mean_absolute_error(wanted, values)]), ("r2", [metrics.r2_score(wanted, values)]),
])

# ---- the two-layer network: three steps of gradient descent by the chain rule, written out ------------------------------
x = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], float)
y = np.array([[0], [1], [1], [0]], float)
w1, w2 = rng.uniform(-1, 1, (3, 4)), rng.uniform(-1, 1, (4, 1))
# What a single-precision program starts from.
w1, w2 = w1.astype(np.float32).astype(float), w2.astype(np.float32).astype(float)
lines = [("start", np.concatenate([w1.ravel(), w2.ravel()]))]
for step in range(1, 4):
    hidden = 1 / (1 + np.exp(-x @ w1))
    output = 1 / (1 + np.exp(-hidden @ w2))
    loss = ((y - output) ** 2).sum()
    at_output = 2 * (output - y) * output * (1 - output)
    at_hidden = at_output @ w2.T * hidden * (1 - hidden)
    w2 = w2 - hidden.T @ at_output
    w1 = w1 - x.T @ at_hidden
    lines += [(f"loss {step}", [loss]), (f"weights {step}", np.concatenate([w1.ravel(), w2.ravel()]))]
write("two_layer.txt", lines)
