#!/usr/bin/env python3
"""Writes modern.txt beside this file: energies, updates, attention and associations by PyTorch in float64.

    pip install torch && python3 make_modern.py
"""

import math
import pathlib

import torch

torch.manual_seed(20)
torch.set_default_dtype(torch.float64)


def text(name, tensor):
    return f"{name}: " + " ".join(f"{v:.17g}" for v in tensor.flatten().tolist())


def single(*shape):
    """Normal numbers that single precision holds exactly."""
    return torch.randn(*shape).float().double()


def energy(patterns, state, beta):
    longest = patterns.norm(dim=1).max()
    lse = torch.logsumexp(beta * patterns @ state, 0) / beta
    return -lse + state @ state / 2 + math.log(len(patterns)) / beta + longest**2 / 2


def memory():
    patterns, state = single(7, 5), single(5)
    yield text("patterns", patterns)
    yield text("state", state)
    for beta in (0.1, 1.0, 4.0):
        variable = state.clone().requires_grad_()
        value = energy(patterns, variable, beta)
        value.backward()
        rest = state
        for _ in range(5000):
            rest = torch.softmax(beta * patterns @ rest, 0) @ patterns
        yield text(f"energy {beta}", value.detach())
        yield text(f"field {beta}", -variable.grad)
        yield text(f"attention {beta}", torch.softmax(beta * patterns @ state, 0))
        yield text(f"update {beta}", torch.softmax(beta * patterns @ state, 0) @ patterns)
        yield text(f"rest {beta}", rest)
    shown = torch.tensor([1, 0, 1, 1, 0, 1, 1]) != 0
    yield text("masked energy", energy(patterns[shown], state, 1.0))
    yield text("masked update", torch.softmax(patterns[shown] @ state, 0) @ patterns[shown])
    standard = torch.nn.functional.layer_norm(patterns, (5,), eps=0)
    yield text("standard", standard)
    yield text("unit", torch.nn.functional.normalize(patterns, dim=1))


def association():
    heads, width, value_width = 2, 6, 4
    queries, keys, values = single(3, width), single(5, width), single(5, value_width)
    mask = torch.tensor([[1, 0, 1, 1, 1], [1, 1, 1, 0, 0], [0, 1, 0, 0, 0]]) != 0

    def split(x):
        return x.view(len(x), heads, -1).transpose(0, 1)

    def run(attn_mask, scale):
        result = torch.nn.functional.scaled_dot_product_attention(
            split(queries), split(keys), split(values), attn_mask=attn_mask, scale=scale)
        return result.transpose(0, 1).reshape(3, value_width)

    yield text("queries", queries)
    yield text("keys", keys)
    yield text("values", values)
    yield text("mask", mask.double())
    yield text("associate", run(None, None))
    yield text("associate beta 3", run(None, 3.0))
    yield text("associate masked", run(mask, None))
    yield text("associate masked keys", run(mask[0], None))
    scores = split(queries) @ split(keys).transpose(1, 2) / math.sqrt(width / heads)
    yield text("weights masked", torch.softmax(scores.masked_fill(~mask, -math.inf), -1))


def main():
    lines = [f"# PyTorch {torch.__version__}, by make_modern.py", *memory(), *association()]
    (pathlib.Path(__file__).parent / "modern.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
