"""What torch's own constructors call their arguments, and what they assume.

Read when classes are compared: a stride that one use leaves out and another gives is the same argument, and a
number that needs a name in a constructor gets torch's. Nothing here is needed for the text to be right.
"""

from __future__ import annotations

from typing import Any

_CONV = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True}
_NORM = {"eps": 1e-5, "momentum": 0.1, "affine": True, "track_running_stats": True}
_RECURRENT = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}

#: Names of the positional arguments, and the keywords with their defaults.
_SIGNATURES: dict[str, tuple[str, dict[str, Any]]] = {
    "nn.Linear": ("in_features out_features", {"bias": True}),
    "nn.Bilinear": ("in1_features in2_features out_features", {"bias": True}),
    "nn.Embedding": ("num_embeddings embedding_dim", {}),
    "nn.Conv": ("in_channels out_channels kernel_size", _CONV),
    "CausalConv1d": ("in_channels out_channels kernel_size", _CONV),
    "nn.ConvTranspose": ("in_channels out_channels kernel_size", {**_CONV, "output_padding": 0}),
    "nn.BatchNorm": ("num_features", _NORM),
    "nn.InstanceNorm": ("num_features", {**_NORM, "affine": False, "track_running_stats": False}),
    "nn.LayerNorm": ("normalized_shape", {"eps": 1e-5}),
    "nn.RMSNorm": ("normalized_shape", {}),
    "nn.GroupNorm": ("num_groups num_channels", {"eps": 1e-5}),
    "nn.RNN": ("input_size hidden_size", _RECURRENT),
    "nn.GRU": ("input_size hidden_size", _RECURRENT),
    "nn.LSTM": ("input_size hidden_size", _RECURRENT),
    "nn.PReLU": ("num_parameters", {}),
    "F.dropout": ("input p training", {}),
    "F.scaled_dot_product_attention": ("query key value", {"is_causal": False, "dropout_p": 0.0}),
    "range": ("depth", {}),
}


def signature(function: str) -> tuple[list[str], dict[str, Any]]:
    """The names of the positional arguments of a class of torch, and its keywords with their defaults."""
    name = function[:-2] if function[-2:] in ("1d", "2d", "3d") and function not in _SIGNATURES else function
    names, defaults = _SIGNATURES.get(name, ("", {}))
    return names.split(), defaults
