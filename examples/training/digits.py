"""The data of these examples: 1797 handwritten digits of 8 by 8 pixels, which scikit-learn brings along.

`dslnet train classifier.net --data digits:rows --epochs 15 --out run` trains on them from the command line.
"""

import struct
import zlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

Rows = dict[str, np.ndarray]


def images() -> tuple[np.ndarray, np.ndarray]:
    """Images [N, 1, 8, 8] from 0 to 1, and their digits [N], in an order that a fixed seed shuffles."""
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    return (digits.images[order, None] / 16).astype("float32"), digits.target[order].astype("int64")


def rows() -> tuple[Rows, Rows]:
    """Rows to train on, and 360 to see how well."""
    image, label = images()
    return {"image": image[360:], "label": label[360:]}, {"image": image[:360], "label": label[:360]}


def save_picture(path: Path, image: np.ndarray, columns: int, zoom: int = 5) -> None:
    """Write images [N, 1, H, W] from 0 to 1 as one grey PNG, so many in a row, dark on light."""
    count, _, height, width = image.shape
    lines = -(-count // columns)
    sheet = np.zeros((lines * columns, height + 1, width + 1))
    sheet[:count, 1:, 1:] = image[:, 0]
    sheet = sheet.reshape(lines, columns, height + 1, width + 1).swapaxes(1, 2).reshape(lines * (height + 1), -1)
    pixels = (255 - 255 * sheet.clip(0, 1)).astype("uint8").repeat(zoom, 0).repeat(zoom, 1)
    raw = b"".join(b"\0" + line.tobytes() for line in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
