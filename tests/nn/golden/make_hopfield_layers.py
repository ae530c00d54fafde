#!/usr/bin/env python3
"""Writes hopfield_layers.txt beside this file: float64 outputs and gradients by PyTorch, projections laid out as Hebb
has them.

A line "description | input shape" holds, one after the other: input, parameters, V, output, and the gradients of
sum(output * V) with respect to input and parameters.

    pip install torch numpy && python3 make_hopfield_layers.py
"""
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
here = pathlib.Path(__file__).parent
rng = np.random.default_rng(12)
lines = []


def case(description, shape, parameter_shapes, f, zeros=()):
    """f takes the input and the parameters; `zeros` are the tokens (sample, token) that are padding."""
    x = rng.normal(size=shape).round(2)
    for token in zeros:
        x[token] = 0
    leaves = [torch.tensor(x, requires_grad=True)]
    leaves += [torch.tensor(rng.normal(size=s).round(2), requires_grad=True) for s in parameter_shapes]
    y = f(*leaves)
    v = torch.tensor(rng.normal(size=y.shape).round(2))
    (y * v).sum().backward()
    parts = [*leaves, v, y, *[leaf.grad for leaf in leaves]]
    values = np.concatenate([p.detach().numpy().ravel() for p in parts])
    key = f"{description} | {' '.join(str(extent) for extent in shape)}"
    lines.append(f"{key}: {' '.join(repr(float(v)) for v in values)}")


def projections(count, features, size, bias=True):
    """Shapes of so many projections into the space of association, and of the one back."""
    return [s for i in range(count) for s in [(features, size), (size,)][: 1 + bias]]


def back(features, size):
    return [(size, features), (features,)]


# ---- hopfield is the self-attention of PyTorch's own module -----------------------------------------------------------
def self_attention(heads, mask=None):
    def f(x, *p):
        wq, bq, wk, bk, wv, bv, wo, bo = p
        y, _ = F.multi_head_attention_forward(
            *[x.transpose(0, 1)] * 3, x.shape[-1], heads, torch.cat([wq, wk, wv], 1).T, torch.cat([bq, bk, bv]), None,
            None, False, 0.0, wo.T, bo, need_weights=False, key_padding_mask=None if mask is None else ~mask)
        y = y.transpose(0, 1)
        return y if mask is None else y * mask[..., None]

    return f


case("hopfield", (2, 3, 4), projections(3, 4, 4) + back(4, 4), self_attention(1))
case("hopfield(heads=3)", (2, 5, 6), projections(3, 6, 6) + back(6, 6), self_attention(3))
padded = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0]]) != 0
case("hopfield(heads=2, mask_zero=true)", (3, 4, 4), projections(3, 4, 4) + back(4, 4), self_attention(2, padded),
     zeros=[(0, 2), (0, 3), (2, 0), (2, 3)])


# ---- the others by scaled_dot_product_attention ------------------------------------------------------------------------
def heads_of(x, heads):
    return x.view(*x.shape[:-1], heads, -1).transpose(-2, -3)


def attend(q, k, v, heads, scale, steps=1, mask=None):
    """q, k, v [batch, tokens, size]; `scale` a number, None or [heads]."""
    q, k, v = (heads_of(x, heads) for x in (q, k, v))
    factor = q.shape[-1] ** -0.5 if scale is None else torch.as_tensor(scale).view(-1, 1, 1)
    mask = None if mask is None else mask[:, None, None, :]
    for _ in range(steps - 1):
        q = F.scaled_dot_product_attention(q * factor, k, k, scale=1.0, attn_mask=mask)
    y = F.scaled_dot_product_attention(q * factor, k, v, scale=1.0, attn_mask=mask)
    return y.transpose(1, 2).flatten(2)


case("hopfield(6, heads=2, beta=learned, steps=3, bias=false)", (2, 3, 5),
     projections(3, 5, 6, bias=False) + [(6, 5), (2,)],
     lambda x, wq, wk, wv, wo, beta: attend(x @ wq, x @ wk, x @ wv, 2, beta, steps=3) @ wo)


def pooling(heads, scale=None, steps=1, mask=None):
    def f(x, queries, wk, bk, wv, bv, wo, bo):
        q = queries.expand(len(x), *queries.shape)
        return (attend(q, x @ wk + bk, x @ wv + bv, heads, scale, steps, mask) @ wo + bo).flatten(1)

    return f


case("hopfield_pooling", (3, 4, 2), [(1, 2)] + projections(2, 2, 2) + back(2, 2), pooling(1))
case("hopfield_pooling(6, heads=2, quantity=3, beta=0.7, steps=2)", (2, 4, 5),
     [(3, 6)] + projections(2, 5, 6) + back(5, 6), pooling(2, 0.7, 2))
case("hopfield_pooling(4, heads=2, mask_zero=true)", (3, 4, 3), [(1, 4)] + projections(2, 3, 4) + back(3, 4),
     pooling(2, mask=padded), zeros=[(0, 2), (0, 3), (2, 0), (2, 3)])


def lookup(heads, scale=None):
    def f(x, wq, bq, keys, values, wo, bo):
        tokens = x if x.dim() == 3 else x[:, None]
        k, v = (p.expand(len(x), *p.shape) for p in (keys, values))
        return (attend(tokens @ wq + bq, k, v, heads, scale) @ wo + bo).view(x.shape)

    return f


case("hopfield_lookup(5)", (2, 3, 4), projections(1, 4, 4) + [(5, 4), (5, 4)] + back(4, 4), lookup(1))
case("hopfield_lookup(3, size=6, heads=2, beta=2)", (4, 3), projections(1, 3, 6) + [(3, 6), (3, 6)] + back(3, 6),
     lookup(2, 2.0))

header = f"# float64, by make_hopfield_layers.py; PyTorch {torch.__version__}, NumPy {np.__version__}"
(here / "hopfield_layers.txt").write_text("\n".join([header, *lines]) + "\n")
