"""The codes of all diagnostics.

Leaves: `CATALOGUE`, each code with the sentence that says what it stands for, and `family`. A code is never used
again for something else. `pages/` has one page for each, which `dslnet explain` prints.
"""

from __future__ import annotations

from .resources import pages

CATALOGUE: dict[str, str] = {
    # bytes
    "E0002": "the file is empty",
    "E0003": "a carriage return without a line feed",
    "E0004": "the file is not UTF-8 text",
    "E0005": "a control character",
    "E0006": "a character that changes the direction of text",
    # syntax and layout
    "E0100": "a token that cannot stand here",
    "E0101": "a character that the language does not have",
    "E0102": "an indentation that fits no block",
    "E0103": "a tab in the indentation",
    "E0104": "a bracket that is never closed",
    "E0105": "a string that is never closed",
    "E0106": "a bracket that closes nothing",
    "E0107": "the wrong closing bracket",
    "E0108": "a line that is indented without reason",
    "E0109": "a header without a body",
    "E0111": "one token is missing",
    "E0112": "an escape that strings do not have",
    "E0113": "a step of the flow without its dash",
    "E0114": "a lane or an `else` out of place",
    # names and graph
    "E0201": "a name that is not defined",
    "E0202": "a box that does not exist",
    "E0203": "a name that is defined twice",
    "E0204": "a name that is not allowed",
    "E0205": "the wrong number of inputs",
    "E0206": "an argument that the box does not have",
    "E0207": "a role that does not exist",
    "E0208": "a value that is not one of the choices",
    "E0209": "an output that the box does not have",
    "E0210": "a block that contains itself without end",
    "E0211": "a name that is used before it is defined",
    "E0212": "a body that computes nothing",
    "E0213": "a module that nothing flows through",
    "E0214": "a flow that is lost",
    "E0215": "a wire where a box is needed, or the reverse",
    # shapes and types
    "E0301": "a value of the wrong type or range",
    "E0302": "the wrong number of dimensions",
    "E0303": "a shape assertion that does not hold",
    "E0304": "a number of rounds that cannot be",
    "E0305": "a size below 1",
    "E0306": "a size that does not divide another",
    "E0307": "a window larger than its input",
    "E0308": "an axis that the input does not have",
    "E0309": "two unknown sizes in one dimension",
    "E0310": "a symbol that would have two values",
    "E0311": "the sides of a merge differ",
    "E0312": "a size that must be known here",
    "E0313": "ids beyond the rows of a table",
    "E0314": "an axis that must be written",
    "E0315": "a reshape that changes the number of elements",
    "E0316": "the wrong dtype",
    "E0317": "shapes that do not fit elementwise",
    "E0318": "a division by zero",
    # blocks
    "E0401": "an argument is missing",
    "E0402": "a shared module that does not fit in every round",
    "E0403": "a requirement that fails",
    "E0404": "too many arguments",
    # objectives
    "E0501": "tied weights of different shapes",
    "E0502": "a teacher that no loss uses",
    "E0503": "a generator and a critic that share parameters",
    "E0504": "nothing to train",
    "E0505": "a model that sees the future",
    "E0506": "two `train` lines update the same parameters",
    "E0507": "an optimizer of nothing",
    "E0510": "a teacher and a student with different outputs",
    "E0511": "a loss and a target that do not fit",
    # files
    "E0801": "a file that is not there",
    "E0802": "files that import each other",
    "E0803": "a file outside the root, or not `.net`",
    "E0804": "a path that is not allowed",
    "E0805": "a URL in place of a file",
    "E0806": "not a regular file",
    "E0807": "a link that leads back to itself",
    "E0808": "a file that cannot be read",
    "E0809": "a name that is not in that file",
    "E0810": "an output that would replace a file of yours",
    "E0811": "an output that is a folder or a device",
    "E0812": "an output that is a link",
    "E0813": "an output that is one of the inputs",
    "E0814": "an output in a folder that is not there",
    "E0815": "an output in a folder that may not be written",
    "E0816": "an output that could not be written",
    "E0817": "weights in a format that is not read",
    "E0818": "a Python box that the caller has not allowed",
    "E0820": "something that cannot be exported",
    "E0821": "an exported graph that differs from its model",
    "E0822": "a line that a table of names does not have",
    "E0823": "weights that do not fit the model",
    "E0830": "data that cannot be read",
    "E0831": "data without an input of the model",
    "E0832": "data of another shape",
    "E0833": "data of the wrong dtype",
    "E0834": "a number that an input cannot have",
    "E0835": "rows that cannot be cut into batches",
    "E0836": "a loss that is no number any more",
    "E0837": "a checkpoint that does not fit",
    # limits
    "E0900": "a file that is too large",
    "E0901": "indentation that is too deep",
    "E0902": "nesting that is too deep",
    "E0903": "a literal that is too long",
    "E0904": "a whole number that is too large",
    "E0905": "a line, name or string that is too long",
    "E0906": "too many boxes",
    "E0907": "an expansion that is too large",
    "E0908": "a symbolic size that is too complicated",
    "E0909": "too many imports",
    "E0910": "blocks that are nested too deep",
    "E0911": "too much work",
    # ours
    "E9001": "a bug in dslnet",
    # lints
    "W0401": "something that is not used",
    "W0403": "names that differ in case only",
    "W0412": "a broadcast that was probably not meant",
    "W0420": "softmax twice",
    "W0421": "sigmoid twice",
    "W0430": "a latent that is bypassed",
    "W0431": "a step that reads padding",
    "W0440": "a part that no loss reaches",
    "W0441": "tensors of a file of weights that the model does not have",
}

_FAMILIES = {
    "E00": "bytes",
    "E01": "syntax and layout",
    "E02": "names and graph",
    "E03": "shapes and types",
    "E04": "blocks",
    "E05": "objectives",
    "E08": "files",
    "E09": "limits",
    "E90": "a bug of ours",
    "W04": "lints",
}


def family(code: str) -> str:
    """What kind of mistakes a code belongs to."""
    return _FAMILIES[code[:3]]


def page(code: str) -> str | None:
    """The page of a code as Markdown, or None for a code that does not exist."""
    if code not in CATALOGUE:
        return None
    return (pages() / f"{code}.md").read_text(encoding="utf-8")
