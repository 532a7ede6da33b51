"""Write the summaries of all models of a file: `python export_summary.py FILE FOLDER`.

For each model its table (`NAME.txt`) and its graph as JSON (`NAME.json`), without torch.
"""

import sys
from pathlib import Path

import dslnet
from dslnet.targets.json import write_json
from dslnet.targets.summary import summary


def main() -> None:
    net, folder = dslnet.load(sys.argv[1]), Path(sys.argv[2])
    for name in net:
        model = net[name].graph()
        (folder / f"{name}.txt").write_text(summary(model), encoding="utf-8")
        (folder / f"{name}.json").write_text(write_json(model), encoding="utf-8")
        print(f"{name}: {len(model.definitions)} definitions")


if __name__ == "__main__":
    main()
