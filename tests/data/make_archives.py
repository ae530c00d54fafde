"""Writes the archives that files_test.cpp and fetch_test.cpp read. Needs NumPy: python3 make_archives.py"""

import io
import tarfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "fixtures"

images = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
np.savez(HERE / "images.npz", x_train=images, y_train=np.array([0, 1, 2, 1], np.uint8),
         x_test=images[:2], y_test=np.array([2, 0], np.uint8))
np.savez_compressed(HERE / "values.npz", X=np.array([1.0, 2.0, 3.0]),
                    y=np.array([[0.5, 1.5], [2.5, 3.5], [4.5, 5.5]]))
np.savez(HERE / "counts.npz", x=np.zeros((3, 2), np.float32), y=np.array([0, 1]))
np.savez(HERE / "names.npz", a=np.zeros(3), b=np.zeros(3))
np.savez(HERE / "lonely.npz", x=np.zeros((3, 2)))
np.savez(HERE / "shapes.npz", x_train=np.zeros((2, 2)), y_train=np.array([0, 1]),
         x_test=np.zeros((2, 3)), y_test=np.array([0, 1]))

with tarfile.open(HERE / "small.tar.gz", "w:gz", format=tarfile.GNU_FORMAT) as archive:
    folder = tarfile.TarInfo("small")
    folder.type = tarfile.DIRTYPE
    archive.addfile(folder)
    link = tarfile.TarInfo("small/link.txt")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    for name, text in [("small/one.bin", b"x" * 700), (link, None), ("small/two.txt", b"two\n"),
                       ("../../three.txt", b"three\n"), ("small/.hidden", b"no")]:
        member = name if text is None else tarfile.TarInfo(name)
        member.size = len(text or b"")
        archive.addfile(member, io.BytesIO(text or b""))
