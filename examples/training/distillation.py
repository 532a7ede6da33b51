"""A student with 40 labelled digits, alone and with a teacher: `python distillation.py [FOLDER]`."""

import shutil
import sys
from pathlib import Path
from statistics import mean

import digits
import torch
from safetensors.torch import load_file, save_file

import dslnet
from dslnet.training import fit

HERE = Path(__file__).parent
LABELS, SEEDS = 40, 5


def accuracy(model: torch.nn.Module, rows: digits.Rows) -> float:
    with torch.no_grad():
        chosen = model(torch.from_numpy(rows["image"])).argmax(1)
    return float((chosen.numpy() == rows["label"]).mean())


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs") / "distillation"
    out.mkdir(parents=True, exist_ok=True)
    trained, held = digits.rows()
    shutil.copy(HERE / "distillation.net", out)  # weights of a spec lie beside it
    net = dslnet.load(out / "distillation.net")
    torch.manual_seed(0)
    teacher = net.Teacher()
    fit(teacher, trained, epochs=8, batch_size=64, out=out / "teacher", force=True)
    weights = load_file(out / "teacher" / "best.safetensors")
    save_file({name.removeprefix("logits."): x for name, x in weights.items()}, out / "teacher.safetensors")

    few = {name: values[:LABELS] for name, values in trained.items()}
    gained = []
    for seed in range(SEEDS):
        found = []
        for make in (net.Alone, net.Taught):
            torch.manual_seed(seed)
            student = make()
            fit(student, few, epochs=40, batch_size=8, seed=seed, progress=False)
            found.append(accuracy(student, held))
        gained.append(found)
        print(f"seed {seed}: alone {found[0]:.1%}, with a teacher {found[1]:.1%}")
    alone, taught = (mean(column) for column in zip(*gained, strict=True))
    print(f"teacher {accuracy(teacher, held):.1%}; student alone {alone:.1%}, with a teacher {taught:.1%}")
