"""Three tasks on one trunk: `python multitask.py [FOLDER]`."""

import sys
from pathlib import Path

import digits
import torch

import dslnet
from dslnet.training import fit

HERE = Path(__file__).parent


def with_targets(rows: digits.Rows) -> digits.Rows:
    odd, ink = rows["label"] % 2, rows["image"].mean((1, 2, 3))
    return {**rows, "is_odd": odd.astype("float32"), "inked": ink}


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs") / "multitask"
    trained, held = map(with_targets, digits.rows())
    torch.manual_seed(0)
    model = dslnet.load(HERE / "multitask.net").Tasks()
    last = fit(model, trained, validation=held, epochs=30, batch_size=64, out=out, force=True).last
    error = last["validation/amount"] ** 0.5
    print(f"digit right: {last['validation/right']:.1%}, parity right: {last['validation/right_parity']:.1%}")
    print(f"ink: off by {error:.3f}, where digits differ by {held['inked'].std():.3f}")
