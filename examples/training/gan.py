"""A DCGAN on digits, with its samples as a picture: `python gan.py [FOLDER]`."""

import sys
from pathlib import Path

import digits
import numpy as np
import torch

import dslnet
from dslnet.training import fit

HERE = Path(__file__).parent


def distance(real: np.ndarray, fake: np.ndarray) -> float:
    """The Frechet distance of two sets of images as normal distributions of their pixels."""
    a, b = real.reshape(len(real), -1), fake.reshape(len(fake), -1)
    one, other = np.cov(a.T), np.cov(b.T)
    roots = np.linalg.eigvals(one @ other).real.clip(0) ** 0.5
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(one) + np.trace(other) - 2 * roots.sum())


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs") / "gan"
    image, _ = digits.images()
    torch.manual_seed(0)
    model = dslnet.load(HERE / "gan.net").GAN()
    noise = torch.randn(1000, 16)
    with torch.no_grad():
        before = distance(image, model.eval()(noise).numpy())
    fit(model, {"real": image}, draw=["z"], epochs=20, batch_size=64, out=out, force=True)
    with torch.no_grad():
        made = model(noise).numpy()
    print(f"distance to the digits: {before:.1f} before training, {distance(image, made):.1f} after")
    digits.save_picture(out / "samples.png", made[:60], columns=12)
    print(f"60 digits that nobody wrote: {out / 'samples.png'}")
