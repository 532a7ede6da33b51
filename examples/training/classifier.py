"""A classifier of digits: `python classifier.py [FOLDER]`."""

import sys
from pathlib import Path

import digits
import torch

import dslnet
from dslnet.training import fit

HERE = Path(__file__).parent

if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs") / "classifier"
    trained, held = digits.rows()
    torch.manual_seed(0)
    model = dslnet.load(HERE / "classifier.net").Classifier()
    history = fit(model, trained, validation=held, epochs=12, batch_size=64, out=out, force=True, best="accuracy")
    best = max(row["validation/accuracy"] for row in history.rows)
    print(f"right: {best:.1%} of {len(held['label'])} digits that it was not trained on")
