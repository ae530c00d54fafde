#!/usr/bin/env python3
"""Writes tests/io/data and the seeds of tests/fuzz/corpus with the formats' own Python packages.

The files are committed; run this by hand to change them (needs numpy, safetensors and Pillow).
"""

import io
import pathlib
import shutil
import struct
import zlib

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
DATA = HERE / "data"
CORPUS = HERE.parent / "fuzz" / "corpus"


def counted(shape, dtype):
    """0, 1, 2, ... in C order."""
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)


def npy(name, array, version=None):
    with open(DATA / f"{name}.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=version)


def write_arrays():
    for dtype in ["<f4", ">f4", "<f8", ">f8", "|u1", "|i1", "<i2", ">u2", ">i4", "<u4", "<i8", ">u8"]:
        order = {"<": "little", ">": "big", "|": "plain"}[dtype[0]]
        npy(f"{dtype[1:]}_{order}", counted((2, 3), dtype))
        npy(f"{dtype[1:]}_{order}_fortran", np.asfortranarray(counted((2, 3, 4), dtype)))
    npy("f2", np.array([0, 1, -2, 0.1, 65504, 6e-8, 6e-5, np.inf, -np.inf, np.nan], "<f2"))
    npy("b1", np.array([True, False, True]))
    npy("negative", np.array([-1, -(2**31), 2**31 - 1], "<i8"))
    npy("scalar", np.array(2.5, "<f8"))
    npy("empty", np.zeros((0, 3), "<f4"))
    npy("version2", counted((5,), "<f4"), (2, 0))
    npy("version3", counted((5,), "<f4"), (3, 0))
    npy("too_large", np.array([1, 2, 2**31], "<i8"))
    npy("text", np.array(["a", "bc"]))
    npy("complex", np.array([1j]))
    npy("structured", np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f4")]))
    arrays = {"weights": counted((2, 3), "<f4"), "labels": np.arange(200) % 10}
    np.savez(DATA / "stored.npz", **arrays)
    np.savez_compressed(DATA / "deflated.npz", **arrays)
    (DATA / "zip64.npz").write_bytes(as_zip64((DATA / "stored.npz").read_bytes()))


def as_zip64(archive):
    """The archive with its directory in the 64-bit form that zip tools keep for more than 4 GiB."""
    end = archive.rindex(b"PK\5\6")
    count, _, offset = struct.unpack_from("<HII", archive, end + 10)
    directory, at = b"", offset
    for _ in range(count):
        fixed = bytearray(archive[at : at + 46])
        packed, size, name, extra, comment = struct.unpack_from("<IIHHH", fixed, 20)
        (header,) = struct.unpack_from("<I", fixed, 42)
        values = struct.pack("<HHQQQ", 1, 24, size, packed, header)
        struct.pack_into("<IIHH", fixed, 20, 0xFFFFFFFF, 0xFFFFFFFF, name, len(values))
        struct.pack_into("<I", fixed, 42, 0xFFFFFFFF)
        directory += bytes(fixed) + archive[at + 46 : at + 46 + name] + values
        at += 46 + name + extra + comment
    end64 = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(directory), offset)
    locator = struct.pack("<IIQI", 0x07064B50, 0, offset + len(directory), 1)
    last = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return archive[:offset] + directory + end64 + locator + last


def write_safetensors():
    save_file(
        {
            "dense.weight": counted((2, 3), np.float32),
            "dense.bias": counted((3,), np.float64),
            "labels": counted((4,), np.int32),
            "bytes": counted((5,), np.uint8),
            "scalar": np.array(2.5, np.float32),
            "nothing": np.zeros((0, 7), np.float32),
        },
        DATA / "python.safetensors",
        metadata={"format_version": "1", "classes": "α, β"},
    )
    save_file({"half": counted((2,), np.float16)}, DATA / "half.safetensors")


def pattern(height, width, channels):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return ((37 * y + 11 * x + 5 * c) % 256).astype(np.uint8)


def smooth(height, width):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return (20 + 4 * y + 3 * x + 10 * c).astype(np.uint8)


def interlaced_png():
    """Adam7 by hand, as Pillow does not write it: 8-bit gray of pattern(9, 11, 1)."""
    pixels = pattern(9, 11, 1)[:, :, 0]
    starts = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    raw = b""
    for y, x, dy, dx in starts:
        for row in pixels[y::dy, x::dx]:
            raw += (b"\0" + row.tobytes()) if row.size else b""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 11, 9, 8, 0, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def write_images():
    for channels, name in [(1, "gray"), (2, "gray_alpha"), (3, "rgb"), (4, "rgba")]:
        pixels = pattern(9, 11, channels)
        Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels).save(DATA / f"{name}.png")
    (DATA / "interlaced.png").write_bytes(interlaced_png())
    palette = Image.fromarray(pattern(9, 11, 1)[:, :, 0] // 128).convert("P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.save(DATA / "palette.png")
    Image.fromarray(pattern(9, 11, 1)[:, :, 0] > 127).save(DATA / "one_bit.png")
    Image.fromarray((pattern(9, 11, 1)[:, :, 0].astype(np.uint16) * 257)).save(DATA / "gray16.png")
    picture = Image.fromarray(smooth(19, 21))
    picture.save(DATA / "rgb.jpg", quality=95, subsampling=0)
    picture.save(DATA / "progressive.jpg", quality=95, progressive=True)
    picture.convert("L").save(DATA / "gray.jpg", quality=95)
    picture.convert("CMYK").save(DATA / "cmyk.jpg")


def write_seeds():
    def seed(target, name, content):
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
        (CORPUS / target / name).write_bytes(content)

    def copy(target, *names):
        for name in names:
            seed(target, name, (DATA / name).read_bytes())

    copy("npy", "f4_little.npy", "f8_big_fortran.npy", "f2.npy", "b1.npy", "i8_little.npy", "u2_big.npy",
         "version2.npy", "version3.npy", "scalar.npy", "structured.npy")
    copy("npz", "stored.npz", "deflated.npz", "zip64.npz")
    copy("safetensors", "python.safetensors", "half.safetensors")
    copy("image", "gray.png", "rgba.png", "interlaced.png", "palette.png", "gray16.png", "rgb.jpg",
         "progressive.jpg", "gray.jpg", "cmyk.jpg")
    seed("image", "text.pgm", b"P2\n# a comment\n3 2\n15\n0 1 2 3 4 15\n")
    seed("image", "binary.ppm", b"P6 2 1 255\n\x01\x02\x03\x04\x05\x06")
    seed("image", "deep.pgm", b"P5 2 1 65535\n\x00\x01\xff\xff")
    for code, dtype in [(8, ">u1"), (9, ">i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")]:
        plain = bytes([0, 0, code, 2]) + struct.pack(">II", 2, 3) + counted((2, 3), dtype).tobytes()
        seed("idx", f"plain_{code:02x}", plain)
        packed = io.BytesIO()
        compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
        packed.write(compressor.compress(plain) + compressor.flush())
        seed("idx", f"gzip_{code:02x}", packed.getvalue())
    seed("csv", "header.csv", b"x,y,kind\n1,2.5,a\n-3e2,+.5,b\n")
    seed("csv", "numbers.csv", b"1,2\n3,4\n")
    seed("csv", "quotes.csv", b'name,note\r\n"a ""b""","c,\nd"\r\n')
    seed("csv", "missing.tsv", b"\xef\xbb\xbfa\tb\n1\tNA\n\t2\n\n")
    seed("csv", "semicolon.csv", b"a;b\r1,5;2\r")
    seed("csv", "infinite.csv", b"a,b\n1,inf\nnan,2\n")


if __name__ == "__main__":
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir()
    write_arrays()
    write_safetensors()
    write_images()
    write_seeds()
