"""Pairs of digits, the same or not: `python siamese.py [FOLDER]`."""

import sys
from pathlib import Path

import digits
import numpy as np
import torch

import dslnet
from dslnet.training import fit

HERE = Path(__file__).parent


def pairs(rows: digits.Rows, count: int, seed: int) -> digits.Rows:
    """As many pairs of one digit as of two."""
    numbers = np.random.default_rng(seed)
    left = numbers.integers(len(rows["label"]), size=count)
    same = numbers.random(count) < 0.5
    others = [np.flatnonzero((rows["label"] == rows["label"][i]) == s) for i, s in zip(left, same, strict=True)]
    right = np.array([numbers.choice(choice) for choice in others])
    return {"left": rows["image"][left], "right": rows["image"][right], "same": same.astype("float32")}


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs") / "siamese"
    trained, held = digits.rows()
    test = pairs(held, 1000, seed=1)
    torch.manual_seed(0)
    model = dslnet.load(HERE / "siamese.net").Siamese()
    fit(model, pairs(trained, 6000, seed=0), validation=test, epochs=10, batch_size=128, out=out, force=True)
    with torch.no_grad():
        near = model(torch.from_numpy(test["left"]), torch.from_numpy(test["right"])) < 0.5
    right = (near.numpy() == (test["same"] > 0.5)).mean()
    print(f"right: {right:.1%} of {len(near)} pairs of digits that it was not trained on")
