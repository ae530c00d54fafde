#!/usr/bin/env python3
"""Writes pooling.txt beside this file: pooling and its gradients in float64, by PyTorch. Images are in Hebb's order,
[n, height, width, channels]. Means leave out what lies beyond the image (count_include_pad=False).

    pip install torch numpy && python3 make_pooling.py
"""
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(12)

# n, height, width, channels, window, stride, padding (both sides alike)
CASES = [
    (2, 4, 6, 3, (2, 2), (2, 2), (0, 0)),
    (1, 7, 5, 9, (3, 2), (2, 1), (1, 1)),
    (2, 5, 8, 1, (2, 3), (3, 4), (0, 1)),
    (1, 1, 1, 17, (2, 2), (1, 1), (1, 1)),
]


def write(out, name, values):
    print(f"{name}: {' '.join(f'{float(v):.17g}' for v in np.asarray(values).ravel())}", file=out)


def main():
    with open(pathlib.Path(__file__).parent / "pooling.txt", "w") as out:
        print(f"# float64, by make_pooling.py; PyTorch {torch.__version__}, NumPy {np.__version__}", file=out)
        for i, (n, h, w, c, window, stride, padding) in enumerate(CASES):
            images = rng.integers(-20, 20, size=(n, h, w, c)) / 8  # with equal elements
            write(out, f"{i} shape", [n, h, w, c])
            write(out, f"{i} options", [*window, *stride, *padding])
            write(out, f"{i} images", images)
            for name, pool in (("max", F.max_pool2d),
                               ("mean", lambda *a, **k: F.avg_pool2d(*a, **k, count_include_pad=False))):
                x = torch.tensor(images).permute(0, 3, 1, 2).clone().requires_grad_()
                y = pool(x, window, stride=stride, padding=padding)
                slope = torch.tensor(rng.normal(size=tuple(y.shape)).round(3))
                y.backward(slope)
                write(out, f"{i} {name}", y.detach().permute(0, 2, 3, 1))
                write(out, f"{i} {name} slope", slope.permute(0, 2, 3, 1))
                write(out, f"{i} {name} gradient", x.grad.permute(0, 2, 3, 1))


if __name__ == "__main__":
    main()
