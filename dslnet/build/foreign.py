"""What other frameworks call things, for "did you mean"."""

from __future__ import annotations

#: Boxes.
BOXES = {
    "Conv1D": "Conv", "Conv2D": "Conv", "Conv3D": "Conv", "Conv1d": "Conv", "Conv2d": "Conv", "Conv3d": "Conv",
    "Convolution": "Conv", "Conv2DTranspose": "ConvTranspose", "ConvTranspose2d": "ConvTranspose", "Deconv": "ConvTranspose",
    "DepthwiseConv2D": "DepthwiseConv", "FullyConnected": "Linear", "FC": "Linear", "InnerProduct": "Linear",
    "BatchNorm1d": "BatchNorm", "BatchNorm2d": "BatchNorm", "BatchNormalization": "BatchNorm", "BN": "BatchNorm",
    "LayerNormalization": "LayerNorm", "LN": "LayerNorm", "GroupNormalization": "GroupNorm",
    "MaxPool2d": "MaxPool", "MaxPooling2D": "MaxPool", "MaxPool1d": "MaxPool", "AvgPool2d": "AvgPool",
    "AveragePooling2D": "AvgPool", "AdaptiveAvgPool2d": "AdaptiveAvgPool", "GlobalAveragePooling2D": "GlobalAvgPool",
    "GlobalMaxPooling2D": "GlobalMaxPool", "UpSampling2D": "Upsample", "Interpolate": "Resize",
    "MultiheadAttention": "Attention", "MultiHeadAttention": "Attention", "SelfAttention": "Attention",
    "Concatenate": "Concat", "Cat": "Concat", "View": "Reshape", "Multiply": "Mul", "Gelu": "GELU", "Relu": "ReLU",
    "Silu": "SiLU", "Dropout2d": "Dropout", "CrossEntropyLoss": "CrossEntropy", "MSELoss": "MSE", "BCELoss": "BCE",
    "BCEWithLogitsLoss": "BCELogits", "NLLLoss": "NLL", "L1Loss": "L1", "ReduceMean": "Mean", "ReduceSum": "Sum",
}  # fmt: skip

#: Arguments.
ARGUMENTS = {
    "filters": "out_channels", "channels": "out_channels", "out_planes": "out_channels", "nf": "out_channels",
    "units": "out_features", "features": "out_features", "size": "kernel_size", "filter_size": "kernel_size", "kernel": "kernel_size",
    "ksize": "kernel_size", "k": "kernel_size", "strides": "stride", "pad": "padding", "pads": "padding",
    "dilations": "dilation", "use_bias": "bias", "num_heads": "heads", "n_heads": "heads", "nhead": "heads", "n_head": "heads",
    "dim": "axis", "rate": "p", "prob": "p", "epsilon": "eps", "num_groups": "groups", "input_dim": "num_embeddings",
    "output_dim": "embedding_dim", "hidden": "hidden_size", "layers": "num_layers", "alpha": "negative_slope",
    "learning_rate": "lr", "factor": "scale_factor", "is_causal": "causal",
}  # fmt: skip

#: Arguments that no box has, because shapes flow.
INFERRED = frozenset(
    "in_features in_channels input_size input_shape in_planes num_features normalized_shape d_model embed_dim".split()
)
