#!/usr/bin/env python3
"""Writes image_layers.txt beside this file: float64 outputs and gradients by PyTorch, with the channels moved to the
last axis and filters laid out as Hebb has them.

A line "description | input shape" holds, one after the other: input, parameters, V, output, and the gradients of
sum(output * V) with respect to input and parameters.

    pip install torch numpy && python3 make_image_layers.py
"""
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
here = pathlib.Path(__file__).parent
rng = np.random.default_rng(11)
lines = []


def first(x):
    """Channels from the last axis to the second."""
    return x.movedim(-1, 1).contiguous()


def last(x):
    return x.movedim(1, -1)


def case(description, shape, parameter_shapes, f):
    """f takes and gives channels last."""
    leaves = [torch.tensor(rng.normal(size=s).round(2), requires_grad=True) for s in [shape, *parameter_shapes]]
    y = f(*leaves)
    v = torch.tensor(rng.normal(size=y.shape).round(2))
    (y * v).sum().backward()
    parts = [*leaves, v, y, *[leaf.grad for leaf in leaves]]
    values = np.concatenate([p.detach().numpy().ravel() for p in parts])
    key = f"{description} | {' '.join(str(extent) for extent in shape)}"
    lines.append(f"{key}: {' '.join(repr(float(v)) for v in values)}")


# ---- conv1d: filter [kernel, inputs / groups, outputs] <-> PyTorch's [outputs, inputs / groups, kernel] -----------------
def conv1d(**options):
    return lambda x, w, *b: last(F.conv1d(first(x), w.permute(2, 1, 0).contiguous(), *b, **options))


case("conv1d(3)", (2, 6, 2), [(3, 2, 3), (3,)], conv1d())
case("conv1d(4, kernel=2, stride=3, padding=2, dilation=2, groups=2, bias=false)", (2, 7, 4), [(2, 2, 4)],
     conv1d(stride=3, padding=2, dilation=2, groups=2))
case("conv1d(2, kernel=4, padding=same)", (1, 5, 1), [(4, 1, 2), (2,)], conv1d(padding="same"))
case("conv1d(2, padding=1)", (2, 1, 3), [(3, 3, 2), (2,)], conv1d(padding=1))


# ---- conv_transpose: filter [kernel, kernel, outputs, inputs] <-> PyTorch's [inputs, outputs, kernel, kernel] -----------
def conv_transpose(**options):
    return lambda x, w, *b: last(F.conv_transpose2d(first(x), w.permute(3, 2, 0, 1).contiguous(), *b, **options))


case("conv_transpose(2)", (2, 3, 4, 3), [(3, 3, 2, 3), (2,)], conv_transpose())
case("conv_transpose(2, kernel=2, stride=2, bias=false)", (1, 3, 2, 2), [(2, 2, 2, 2)], conv_transpose(stride=2))
case("conv_transpose(3, kernel=3, stride=2, padding=1, output_padding=1)", (2, 3, 2, 2), [(3, 3, 3, 2), (3,)],
     conv_transpose(stride=2, padding=1, output_padding=1))
case("conv_transpose(1, kernel=2, stride=3, output_padding=2)", (2, 2, 1, 1), [(2, 2, 1, 1), (1,)],
     conv_transpose(stride=3, output_padding=2))
case("conv_transpose(2, kernel=4, stride=2, padding=3)", (1, 4, 3, 1), [(4, 4, 2, 1), (2,)],
     conv_transpose(stride=2, padding=3))
case("conv_transpose(2, kernel=3)", (1, 1, 1, 2), [(3, 3, 2, 2), (2,)], conv_transpose())


# ---- normalisation ------------------------------------------------------------------------------------------------------
def group_norm(groups, eps=1e-5):
    return lambda x, s, h: last(F.group_norm(first(x), groups, s, h, eps))


case("group_norm(2)", (2, 3, 2, 4), [(4,), (4,)], group_norm(2))
case("group_norm(1, epsilon=0.1)", (3, 5, 3), [(3,), (3,)], group_norm(1, 0.1))
case("group_norm(3)", (2, 6), [(6,), (6,)], group_norm(3))
case("instance_norm", (2, 3, 2, 3), [(3,), (3,)], lambda x, s, h: last(F.instance_norm(first(x), weight=s, bias=h)))
case("instance_norm(epsilon=0.1)", (2, 4, 2), [(2,), (2,)],
     lambda x, s, h: last(F.instance_norm(first(x), weight=s, bias=h, eps=0.1)))


# ---- other sizes ---------------------------------------------------------------------------------------------------------
def upsample(factor, mode):
    options = {} if mode == "nearest" else {"align_corners": False}
    return lambda x: last(F.interpolate(first(x), scale_factor=factor, mode=mode, **options))


case("upsample(2)", (2, 2, 3, 2), [], upsample(2, "nearest"))
case("upsample(3)", (1, 1, 2, 1), [], upsample(3, "nearest"))
case("upsample(2, mode=bilinear)", (2, 3, 2, 2), [], upsample(2, "bilinear"))
case("upsample(3, mode=bilinear)", (1, 2, 4, 1), [], upsample(3, "bilinear"))
case("upsample(4, mode=bilinear)", (1, 1, 3, 2), [], upsample(4, "bilinear"))
case("globalmaxpool", (2, 3, 2, 3), [], lambda x: x.amax((1, 2)))
case("subsample(2, channels=5)", (2, 5, 4, 3), [], lambda x: F.pad(x[:, ::2, ::2], (0, 2)))
case("subsample(3)", (1, 7, 2, 2), [], lambda x: x[:, ::3, ::3])


# ---- residual blocks: parameters in the order of the layers, then of the projection ----------------------------------------
def conv(x, w, **options):
    return last(F.conv2d(first(x), w.permute(3, 2, 0, 1).contiguous(), **options))


case("residual(conv(4, stride=2, padding=1, bias=false), projection=conv(4, kernel=1, stride=2, bias=false))",
     (2, 5, 4, 2), [(3, 3, 2, 4), (1, 1, 2, 4)],
     lambda x, w, p: conv(x, w, stride=2, padding=1) + conv(x, p, stride=2))
case("residual(conv(4, stride=2, padding=1, bias=false), projection=subsample(2, channels=4))", (1, 4, 6, 2),
     [(3, 3, 2, 4)], lambda x, w: conv(x, w, stride=2, padding=1) + F.pad(x[:, ::2, ::2], (0, 2)))

with open(here / "image_layers.txt", "w") as out:
    print(f"# float64, by make_image_layers.py; PyTorch {torch.__version__}, NumPy {np.__version__}", file=out)
    print("\n".join(lines), file=out)
