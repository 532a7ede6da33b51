"""An exported graph beside the module that it came from.

Enters: the graph's file, the checked model and a module with the same weights. Leaves: the worst difference of their
outputs at two sizes of every free dimension, none of them 1. What differs is not written.
"""

from __future__ import annotations

from typing import Any

from ...graph import Model
from ..samples import TOLERANCE, Different, answer, difference


def check(data: bytes | str) -> None:
    """The checker of ONNX, in full. Raises `Different`."""
    import onnx

    try:
        onnx.checker.check_model(data, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise Different(f"the graph is not valid ONNX: {str(error).strip().splitlines()[0][:200]}") from error


def session(data: bytes | str) -> Any:
    """A session of onnxruntime that keeps to itself. Raises `Different` where it refuses the graph."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common class for what it raises
        raise Different(f"onnxruntime refuses the graph: {str(error).splitlines()[0][:200]}") from error


def verify(data: bytes | str, model: Model, module: Any) -> float:
    """The worst difference, relative to the largest number of an output. Raises `Different`.

    `data` is the graph, or the path of its file. The module is put into evaluation for as long as this takes.
    """
    check(data)
    runner = session(data)
    names = {each.name for each in runner.get_inputs()}
    training = module.training
    module.eval()
    try:
        worst = 0.0
        for number in (0, 1):
            feed, expected = answer(model, module, number)
            try:
                found = runner.run(None, {name: x.numpy() for name, x in feed.items() if name in names})
            except Exception as error:
                raise Different(f"onnxruntime fails: {str(error).splitlines()[0][:200]}") from error
            worst = max(worst, difference(expected, found))
    finally:
        module.train(training)
    if not worst <= TOLERANCE:
        raise Different(f"the graph differs from the module by {worst:.1e}")
    return worst
