#!/usr/bin/env python3
"""Writes convolution.txt beside this file: convolutions and their gradients in float64, by PyTorch. Arrays are in Hebb's
order: images [n, height, width, channels], filters [height, width, channels / groups, outputs].

    pip install torch numpy && python3 make_convolution.py
"""
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(11)

# n, height, width, channels, filter height and width, outputs, stride, padding (both sides alike), dilation, groups
CASES = [
    (2, 5, 6, 3, 3, 3, 4, (1, 1), (0, 0), (1, 1), 1),
    (1, 6, 5, 2, 3, 2, 9, (2, 1), (1, 2), (1, 1), 1),
    (2, 7, 8, 4, 2, 3, 6, (1, 3), (2, 1), (2, 1), 2),
    (1, 4, 5, 3, 3, 3, 3, (1, 1), (3, 3), (1, 2), 3),
    (3, 1, 1, 1, 1, 1, 2, (4, 4), (0, 0), (1, 1), 1),
]


def row(values):
    return " ".join(f"{float(v):.17g}" for v in np.asarray(values).ravel())


def write(out, name, values):
    print(f"{name}: {row(values)}", file=out)


def main():
    with open(pathlib.Path(__file__).parent / "convolution.txt", "w") as out:
        print(f"# float64, by make_convolution.py; PyTorch {torch.__version__}, NumPy {np.__version__}", file=out)
        for i, (n, h, w, c, kh, kw, o, stride, padding, dilation, groups) in enumerate(CASES):
            images = rng.normal(size=(n, h, w, c)).round(3)
            filters = rng.normal(size=(kh, kw, c // groups, o)).round(3)
            x = torch.tensor(images).permute(0, 3, 1, 2).clone().requires_grad_()
            f = torch.tensor(filters).permute(3, 2, 0, 1).clone().requires_grad_()
            y = F.conv2d(x, f, stride=stride, padding=padding, dilation=dilation, groups=groups)
            slope = torch.tensor(rng.normal(size=tuple(y.shape)).round(3))
            y.backward(slope)
            write(out, f"{i} shape", [n, h, w, c, kh, kw, c // groups, o, *y.permute(0, 2, 3, 1).shape])
            write(out, f"{i} options", [*stride, *padding, *dilation, groups])
            write(out, f"{i} images", images)
            write(out, f"{i} filter", filters)
            write(out, f"{i} slope", slope.permute(0, 2, 3, 1))
            write(out, f"{i} output", y.detach().permute(0, 2, 3, 1))
            write(out, f"{i} image gradient", x.grad.permute(0, 2, 3, 1))
            write(out, f"{i} filter gradient", f.grad.permute(2, 3, 1, 0))


if __name__ == "__main__":
    main()
