"""Writes the data sets that pictures_test.cpp reads. Needs NumPy: python3 make_fixtures.py"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "fixtures"

# Four color images of 2 x 3 pixels, each of one color but for its first pixel, which is white.
images = np.zeros((4, 2, 3, 3), np.uint8)
images[:] = np.array([[250, 10, 20], [30, 240, 40], [50, 60, 230], [128, 128, 128]], np.uint8)[:, None, None, :]
images[:, 0, 0] = 255
labels = np.array([0, 1, 0, 1], np.uint8)
np.savez(HERE / "colors.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
