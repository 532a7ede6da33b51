"""An autoencoder beside principal components, and a variational one that draws: `python autoencoder.py [FOLDER]`."""

import sys
from pathlib import Path

import digits
import numpy as np
import torch

import dslnet
from dslnet.training import fit

HERE = Path(__file__).parent


def components_error(trained: np.ndarray, held: np.ndarray, count: int) -> float:
    """The mean squared error of as many principal components."""
    flat, other = trained.reshape(len(trained), -1), held.reshape(len(held), -1)
    mean = flat.mean(0)
    axes = np.linalg.svd(flat - mean, full_matrices=False)[2][:count]
    return float((((other - mean) @ axes.T @ axes + mean - other) ** 2).mean())


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs")
    trained, held = digits.rows()
    net = dslnet.load(HERE / "autoencoder.net")
    options = {"validation": held, "batch_size": 64, "force": True}
    torch.manual_seed(0)
    plain = net.Autoencoder()
    last = fit(plain, trained, epochs=40, out=out / "autoencoder", **options).last
    linear = components_error(trained["image"], held["image"], 8)
    print(f"error of 8 numbers: {last['validation/mse']:.4f}; of 8 principal components: {linear:.4f}")

    torch.manual_seed(0)
    variational = net.Variational()
    history = fit(variational, trained, epochs=30, out=out / "vae", **options)
    bits = [row["validation/objective"] / np.log(2) for row in history.rows]
    print(f"bits of a digit: {bits[0]:.1f} after one epoch, {bits[-1]:.1f} after {len(bits)}")
    with torch.no_grad():
        drawn = variational.decoder(torch.randn(40, 8)).view(-1, 1, 8, 8)
    digits.save_picture(out / "vae" / "drawn.png", drawn.numpy(), columns=10)
    print(f"40 digits that nobody wrote: {out / 'vae' / 'drawn.png'}")
