"""A trunk that has learned which digit it is, frozen, for another question: `python transfer.py [FOLDER]`."""

import sys
from pathlib import Path

import digits
import torch

import dslnet
from dslnet.training import fit

HERE = Path(__file__).parent
EXAMPLES = 30

if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs") / "transfer"
    trained, held = digits.rows()
    net = dslnet.load(HERE / "transfer.net")
    torch.manual_seed(0)
    which = net.Which()
    fit(which, trained, epochs=6, batch_size=64, out=out / "which", force=True)

    few = {"image": trained["image"][:EXAMPLES], "odd": trained["label"][:EXAMPLES] % 2}
    found = []
    for learned in (False, True):
        torch.manual_seed(1)
        model = net.Odd()
        if learned:
            model.trunk.load_state_dict(which.trunk.state_dict())
        before = {name: x.clone() for name, x in model.trunk.state_dict().items()}
        fit(model, few, epochs=30, batch_size=6, out=out / "odd", force=True, progress=False)
        assert all(torch.equal(before[name], x) for name, x in model.trunk.state_dict().items()), "it stays as it is"
        with torch.no_grad():
            said = model(torch.from_numpy(held["image"])).argmax(1).numpy()
        found.append((said == held["label"] % 2).mean())
    print(f"odd or even, from {EXAMPLES} examples: right {found[0]:.1%} on a trunk that knows nothing, ", end="")
    print(f"{found[1]:.1%} on the learned one")
