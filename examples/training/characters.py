"""A model of text that goes on with what one begins: `python characters.py [FOLDER]`.

The text is what scikit-learn says of its data sets, 25 thousand characters.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from sklearn import datasets

import dslnet
from dslnet.training import fit

HERE = Path(__file__).parent
STEPS = 64


def text() -> str:
    loads = (datasets.load_digits, datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer)
    return "".join(load().DESCR for load in loads) + datasets.load_diabetes().DESCR


def encode(words: str) -> np.ndarray:
    """The characters from space on as numbers from 0; a line's end, or anything else, is the last of them."""
    numbers = np.frombuffer(words.encode("ascii", "replace"), dtype="uint8").astype("int64") - 32
    return np.where((numbers >= 0) & (numbers < 95), numbers, 95)


def decode(numbers: list[int]) -> str:
    return "".join("\n" if number == 95 else chr(number + 32) for number in numbers)


def rows(numbers: np.ndarray) -> dict[str, np.ndarray]:
    """Pieces of text, and the same one character later."""
    starts = np.arange(0, len(numbers) - STEPS - 1, STEPS // 2)
    pieces = np.stack([numbers[start : start + STEPS + 1] for start in starts])
    return {"tokens": pieces[:, :-1], "following": pieces[:, 1:]}


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs") / "characters"
    numbers = encode(text())
    torch.manual_seed(0)
    model = dslnet.load(HERE / "characters.net").Characters()
    cut = len(numbers) * 9 // 10
    last = fit(
        model, rows(numbers[:cut]), validation=rows(numbers[cut:]), epochs=7, batch_size=32, out=out, force=True
    ).last
    counts = np.bincount(numbers[:cut], minlength=96) + 1
    frequency = np.exp(-np.log(counts / counts.sum())[numbers[cut:]].mean())
    print(f"perplexity: {last['validation/perplexity']:.1f}; of characters by their frequency: {frequency:.1f}")
    made = model.generate(torch.from_numpy(encode("The data ")[None]), max_new=120, temperature=0.6, seed=1)
    print(decode(made[0].tolist()))
