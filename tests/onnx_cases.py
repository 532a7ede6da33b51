"""More lines for the operators: arguments that their examples leave out. Each is five numeric cases."""

import torch
from operator_harness import example_input

from dslnet.shape import Tensor

CASES = [
    line.strip()
    for line in """
[B, T, 8] -> Linear(5)
[8] -> Linear(5, bias=false)
[B, 2, T, 8] -> Linear(5, bias=false)
[B, 3] -> Linear(1)
([B, 3, 6], [B, 3, 4]) -> Bilinear(5)
([6], [4]) -> Bilinear(2)
[5] long < 9 -> Embedding(9, 4, padding_idx=2)
[B, T, 2] long < 9 -> Embedding(9, 4)
[B, 2, T, 64] -> Unembed(table)
[2, 3, H, W] -> Conv(4, 3, stride=[2, 3], padding=[1, 2], dilation=[2, 1])
[B, 4, H, W] -> Conv(8, 1, groups=2)
[B, 4, H, W] -> Conv(8, 5, groups=4, stride=2)
[B, 4, T] -> Conv(6, 3, stride=2)
[B, 4, T] -> Conv(6, 3, dilation=2, padding="causal")
[B, 4, T] -> Conv(6, 3, stride=2, padding="causal", bias=false)
[B, 2, D, H, W] -> Conv(3, 3, stride=2)
[B, 4, H, W] -> DepthwiseConv(3, stride=2, dilation=2)
[B, 3, D, 4, 5] -> DepthwiseConv(3, multiplier=2)
[B, 4, H, W] -> ConvTranspose(6, 3, stride=2)
[B, 4, H, W] -> ConvTranspose(6, 5, stride=3, bias=false)
[B, 4, H, W] -> ConvTranspose(6, 3, stride=2, padding=1, output_padding=1, groups=2)
[B, 4, T] -> ConvTranspose(6, 4, stride=2, dilation=2)
[B, 3, H, W] -> MaxPool(3, stride=2, padding=1)
[B, 3, H, W] -> MaxPool(2, ceil_mode=true)
[B, 3, H, W] -> MaxPool(3, stride=2, padding=1, ceil_mode=true)
[B, 3, H, W] -> MaxPool([2, 3], stride=[1, 2], padding=0)
[B, 3, T] -> MaxPool(5, stride=1)
[B, 3, H, W] -> AvgPool(3, stride=2)
[B, 3, H, W] -> AvgPool(3, stride=1, count_include_pad=false)
[B, 3, H, W] -> AvgPool(2, ceil_mode=true)
[B, 3, H, W] -> AvgPool(3, stride=2, padding=1, ceil_mode=true)
[B, 3, H, W] -> AvgPool(3, stride=2, padding=1, ceil_mode=true, count_include_pad=false)
[B, 3, 4, 6, 8] -> AvgPool(2)
[B, 3, T] -> AvgPool(4, stride=2, padding=1)
[B, 3, H, W] -> AdaptiveAvgPool([1, 4])
[B, 3, 12, 18] -> AdaptiveAvgPool([4, 6])
[B, 3, 13, 17] -> AdaptiveAvgPool([4, 6])
[B, 3, T] -> AdaptiveAvgPool(30)
[B, 3, D, H, W] -> AdaptiveAvgPool(2)
[B, 3, H, W] -> AdaptiveMaxPool([3, 5])
[B, 3, 12, 18] -> AdaptiveMaxPool([4, 6])
[B, 3, T] -> AdaptiveMaxPool(1)
[B, 3, T] -> GlobalMaxPool
[B, 3, D, H, W] -> GlobalAvgPool
[B, 3, H, W] -> Upsample(3)
[B, 3, H, W] -> Upsample(2, mode="bilinear")
[B, 3, T] -> Upsample(2, mode="nearest-exact")
[B, 3, D, 4, 5] -> Upsample(2, mode="bilinear")
[B, 3, H, W] -> Upsample([2, 1], mode="area")
[B, 3, H, W] -> Upsample(2, mode="bicubic", align_corners=true)
[B, 3, H, W] -> Resize([7, 11])
[B, 3, H, W] -> Resize([7, 11], align_corners=true)
[B, 3, H, W] -> Resize([7, 11], mode="nearest")
[B, 3, H, W] -> Resize([30, 41], mode="nearest")
[B, 3, H, W] -> Resize([30, 41], mode="nearest-exact")
[B, 3, H, W] -> Resize([30, 41], mode="bicubic")
[B, 3, H, W] -> Resize([3, 2], mode="area")
[B, 3, H, W] -> Resize([1, 1])
[B, 3, H, W] -> Resize([2 * H, W // 2])
[B, 18, H, W] -> PixelShuffle(3)
[B, 3, 12, 6] -> PixelUnshuffle(3)
[B, 6] -> BatchNorm
[B, 6, T] -> BatchNorm(eps=0.01)
[B, 6, H, W] -> BatchNorm(track_running_stats=false, affine=false)
[B, 6, D, H, W] -> BatchNorm(affine=false)
[B, 6, H, W] -> InstanceNorm(affine=true, track_running_stats=true)
[B, 6, D, H, W] -> InstanceNorm
[B, 6] -> LayerNorm
[6] -> LayerNorm(bias=false)
[B, 2, T, 6] -> LayerNorm(eps=0.01)
[B, T, 6] -> LayerNorm(elementwise_affine=false)
[6] -> RMSNorm
[B, 2, T, 6] -> RMSNorm(eps=0.01)
[B, 6] -> GroupNorm(3)
[B, 6, T] -> GroupNorm(6)
[B, 6, D, H, W] -> GroupNorm(2, affine=false)
[B, 6, H, W] -> LocalResponseNorm(4)
[B, 6, H, W] -> LocalResponseNorm(3, alpha=0.1, beta=0.5, k=2)
[B, 2, D, H, W] -> LocalResponseNorm(2, alpha=1)
[B, T, 6] -> Normalize(p=1)
[B, T, 6] -> Normalize(p=3, axis=1)
[6] -> Normalize(eps=10)
[B, T, 6] -> ReLU
[B] -> ReLU6
[B, 6] -> LeakyReLU(0.5)
[B, 6, T] -> PReLU(per_channel=true)
[B, 6] -> PReLU(per_channel=true)
[B, 6] -> PReLU(init=0.5)
[B, 6] -> ELU(2)
[B, 6] -> CELU(2)
[B, 6, T] -> GELU(approximate="tanh")
[B, 6, T] -> GELU
[B, 6] -> Softplus(0.5)
[B, 6] -> Softplus(threshold=1)
[B, 6] -> HardTanh(-2, 0.5)
[B, T, 6] -> Softmax(axis=0)
[B, T, 6] -> Softmax(axis=-2)
[B, T, 6] -> LogSoftmax(axis=0)
[6] -> LogSoftmax
[B, T, 6] -> GLU
[B, 6, H, W] -> GLU(axis=1)
[B, T, 6] -> RNN(5)
[B, T, 6] -> RNN(5, nonlinearity="relu", num_layers=2)
[B, T, 6] -> RNN(5, bidirectional=true) with [B, 10]
[B, T, 6] -> GRU(5, bias=false)
[B, T, 6] -> GRU(5, num_layers=2, bidirectional=true)
[B, T, 6] -> GRU(5) with [B, 5]
[B, T, 6] -> LSTM(5, bias=false)
[B, T, 6] -> LSTM(5, num_layers=3)
[B, T, 6] -> LSTM(5, bidirectional=true) with ([B, 10], [B, 10])
[B, T, 6] -> LSTM(5, bidirectional=true) with (cell=[B, 10])
[B, T, 2, 6] -> First
[B, T] long < 9 -> Last
([B, 6, T, 4], [B, 2, S, 4], [B, 2, S, 4]) -> DotProductAttention
([B, 6, T, 4], [B, 2, S, 4], [B, 2, S, 3]) -> DotProductAttention with [B, 6, T, S] bool
([B, 6, T, 4], [B, 1, T, 4], [B, 1, T, 4]) -> DotProductAttention(causal=true)
([B, 2, T, 4], [B, 2, T, 4], [B, 2, T, 4]) -> DotProductAttention(causal=true) with position=[1, 2, T, T]
([B, 2, T, 4], [B, 2, T, 4], [B, 2, T, 4]) -> DotProductAttention(causal=true) with (mask=[B, T] bool, position=[T, T])
([B, 2, T, 4], [B, 2, S, 4], [B, 2, S, 4]) -> DotProductAttention(scale=0.3) with position=[B, 2, T, S]
([3, B, 2, T, 4], [3, B, 2, S, 4], [3, B, 2, S, 4]) -> DotProductAttention
([B, 2, T, 4], [B, 2, S, 4], [B, 2, S, 4]) -> DotProductAttention with [B, S] bool
[B, 2, 3, T, T] -> CausalMask
[T, T] -> CausalMask
[B, 2, 3, T, S] -> PaddingMask with [B, S] bool
[B, 2, T, 8] -> RoPE
[B, 2, T, 8] -> RoPE(interleaved=true)
[T, 8] -> RoPE(base=100)
[B, T, 8] -> RoPE(base=100, interleaved=true)
[B, T] -> Positions
[B] long < 100 -> SineEmbedding(8)
[B, 2] -> SineEmbedding(6)
[2, T, 10] -> SinePositions
[B, T] long < 9 -> RelativeBias(4, buckets=8, distance=6)
[B, T, 3] -> RelativeBias(2, buckets=6, distance=5, bidirectional=false)
([N, 4, 2], [E] long < N) -> Gather
([B, N, 4], [3, 2] long < N) -> Gather(axis=-2)
[E] -> Scatter with [E] long < N
[E, 2, 3] -> Scatter("mean", rows=N) with [E] long < N
[E, 3] -> Scatter("min") with [E] long < N
[E, 2, 3] -> SegmentSoftmax(rows=N) with [E] long < N
[B, C, H, W] -> Flatten(1, 2)
[B, C, H, W] -> Flatten(0)
[B, 6, T] -> Reshape(3, 2, T)
[B, 2, T, 6] -> Reshape(T, -1)
[B, T, 6] -> Reshape(6 * T)
[B, H, W, 8] -> Rearrange("b h w (x y) -> b (h x) (w y)", x=2, y=4)
[B, T, 8] -> Rearrange("b t c -> (b t) c")
[B, 6, T] -> Rearrange("b (x c) t -> x b t c", x=2)
[B, 2 * H, 3 * W] -> Rearrange("b (h x) (w y) -> b x y h w", x=2, y=3)
[B, 1, T] -> Rearrange("b 1 t -> t b 1")
[B, C, H, W] -> Rearrange("b ... -> ... b")
[B, T, 6] -> Transpose(0, 2)
[B, T, 6] -> Transpose(1, 1)
[B, T, 6, 2] -> Permute(3, 1, 0, 2)
[B, T] -> Unsqueeze(0)
[B, T] -> Unsqueeze(-2)
[1, B, T] -> Squeeze(0)
[B, 1, T] -> Expand(B, 7, T)
[T] -> Expand(3, 2, T)
[B, C] -> Lift to [B, C, T]
([B, T, 2], [B, T, 3] long < 9) -> Concat(axis=2)
([B, 2], [B, 3], [B, 4]) -> Concat(axis=-1)
([B, T], [B, T] bool) -> Stack(axis=0)
([B, T, 4], [B, T, 4]) -> Stack(axis=3)
[B, T, 4] -> Prepend with [1, 2, 4]
[B, T] long < 9 -> Prepend with [B, 3] long < 9
[B, 6, T] -> Split([1, 2, 3], axis=1)
[B, 2 * T, 3] -> Split(2, axis=1)
[B, T + 2, 6] -> Slice(-3, none, axis=1)
[B, T, 6] -> Slice(1, -1, axis=2, step=2)
[B, T, 6] -> Slice(none, T // 2, axis=1)
[B, T, 6] -> Roll(2, axis=1)
[B, T, 6] -> Roll(-4, axis=2)
[B, T, 6] -> Roll(T // 2, axis=1)
[B, 3, H, W] -> Pad([1, 2], mode="replicate")
[B, 3, H + 1, W + 2] -> Pad([1, 2], after=[0, 3], mode="circular")
[B, 3, H, W] -> Pad(2, value=1.5)
[B, T, 6] -> Pad(T // 2, after=0, axis=1)
[B, T] long < 9 -> Pad(1, axis=1)
[B, 3, T + 2] -> Pad(2, axis=2, mode="reflect")
[B, 3, H, W] -> Crop([1, 2], after=[0, 1])
[B, 3, 2 * H, 2 * W] -> Crop with [B, 5, H, W]
[B, T, 6] -> Repeat(3, axis=1)
[B, 1, 6] -> Repeat(T, axis=1)
[B, 3, 5] -> Pairs
[B, T, 6] -> Pick(axis=1) by [B] long < T
[B, T, 6] -> Pick(axis=-1) by [B] long < 6
[B, T, 6] -> Sum
[B, T, 6] long -> Sum(axis=[0, 2], keep=true)
[B, T] bool -> Mean(axis=1)
[B, T, 6] long -> Mean
[B, T] bool -> Max(axis=1)
[B, T, 6] -> Min(axis=[1, 2], keep=true)
[B, T] bool -> Min
[B, T] long -> Prod(axis=1)
[B, T, 3] -> Prod(axis=[1, 2], keep=true)
[B, T, 6] -> LogSumExp(axis=[1, 2])
[B, T, 6] -> LogSumExp(axis=0, keep=true)
[B, T, 6] -> Variance(axis=[1, 2], keep=true)
[B, T] long -> Variance(axis=1, correction=0)
[B, T, 6] -> Norm(p=3, axis=[1, 2])
[B, T, 6] -> Norm
[B, T] long -> Norm(p=0, axis=1)
[B, T, 6] -> ArgMax(axis=0)
[B, T, 6] -> ArgMax(keep=true)
[B, T, 6] -> ArgMin(axis=-1)
[B, T] long -> ArgMin
[B, T, 6] -> CumSum(axis=-1)
[B, T] long -> CumSum(axis=0)
([B, T], [B, T] long) -> Add
([B, T] bool, [B, T] bool) -> Add
([B, T], [B, T], [B, T], [B, T]) -> Add
([B, T] long, [B, T] bool) -> Mul
[B, T] long -> Scale(3)
[B, T] long -> Scale(0.5)
[B, T] bool -> Scale(2)
[B, T] long -> Clamp(1, 2)
[B, T] long -> Clamp(0.5)
[B, T] -> Clamp(-1, 0.5)
([B, T] bool, [B, T], [B, T] long) -> Where
([B, T] bool, [B, 1] long, [1, T] long) -> Where
[B, T] bool -> OneHot(2)
[B] long < T -> OneHot(T)
([B, 2, T, 4] long, [B, 2, 4, S]) -> MatMul
([4], [B, 4, 3]) -> MatMul
([T, 4], [4]) -> MatMul
([B, T, 4], [B, S, 4]) -> Einsum("btd,bsd->bts")
([B, T], [B, T]) -> Einsum("bt,bt")
[B, 3, 4] -> Einsum("bij->bji")
([B, T, 4], [B, T, 4]) -> CosineSimilarity(axis=2)
([B, T], [B, T]) -> CosineSimilarity(eps=5)
([4], [4]) -> L2Distance(eps=0.1)
[B, T, 6] -> GumbelSoftmax(tau=2, axis=1)
[B, 6] -> GumbelSoftmax(hard=true)
[B, T, 6] -> Bernoulli
[B, T, 6] -> Gaussian
[B, T, 6] -> GaussianNoise(1)
([B, T], [B, T]) -> SampleGaussian
[B, T, 6] -> StopGrad
[B, T, 6] -> SpectralNorm
[B, T, 6] -> WeightNorm
[B, T, 6] -> Sequential
[B, 6, H, W] -> Sequential
[B, 6] -> Sequential
[T] -> Sequential
[B, T] -> Sequential
[B, T, 100] -> CrossEntropy(reduction="sum") to [B, T] long < 100
[B, 5, H, W] -> CrossEntropy(weight=[1, 2, 0.5, 0, 3]) to [B, H, W] long < 5
[B, 5, H, W] -> CrossEntropy(weight=[1, 2, 0.5, 0, 3], label_smoothing=0.2) to [B, H, W] long < 5
[B, T, 5] -> CrossEntropy(weight=[1, 2, 0.5, 1, 3], label_smoothing=0.2, ignore_index=2) to [B, T] long < 5
[B, T, 5] -> CrossEntropy(ignore_index=1, label_smoothing=0.1) to [B, T] long
[B, T, 5] -> CrossEntropy(ignore_index=1, reduction="none") to [B, T] long
[B, 10] -> CrossEntropy(label_smoothing=0.3) to [B, 10]
[B, 4, H, W] -> CrossEntropy(weight=[1, 2, 0.5, 3], reduction="none") to [B, 4, H, W]
[9] -> CrossEntropy to [] long < 9
[B, T] -> BCELogits(reduction="none") to [B, T]
[B, T] -> BCELogits(reduction="sum") to [B, T] bool
[B, T, 3] -> MSE(reduction="sum") to [B, T, 3] long
[B] -> MSE to [B] bool
[B, T] -> L1(reduction="none") to [B, T]
[B, T] -> L1(reduction="sum") to [B, T] long
[B, T] -> Huber to [B, T]
[B, T] -> Huber(2, reduction="none") to [B, T] long
[B, T, 6] -> NLL(reduction="none") to [B, T] long < 6
[B, 6] -> NLL(reduction="sum") to [B, 6] bool
[B, T, 2 * D] -> NLL(reduction="none") to [B, T, D]
[B, T, 10] -> KLDiv(log_target=true, reduction="none") to [B, T, 10]
[B, T] -> KLDiv(reduction="sum", log_target=true) to [B, T]
[B, 10] -> KLDiv(reduction="batchmean") to [B, 10] bool
[B, 10] -> KLDiv to [B, 10] bool
[B, 10] -> Distill(1) to [B, 10]
[B, 7, H, W] -> Distill(3) to [B, 7, H, W]
[B, 7, T] -> Distill(3, axis=1) to [B, 7, T]
[B, T] -> Contrastive(reduction="none") to [B, T] long < 2
[B] -> Contrastive(0.5, reduction="sum") to [B]
([B, T, 6], [B, T, 6]) -> Triplet(reduction="none") to [B, T, 6]
([B, 6], [B, 6]) -> Triplet(2, reduction="sum") to [B, 6]
[B, B] -> InfoNCE(0.5)
([B, 6], [B, 6]) -> CosineLoss(margin=0.2) to [B] long
([B, 6], [B, 6]) -> CosineLoss(reduction="none") to [B] long
([B, 6], [B, 6]) -> CosineLoss(margin=-0.5, reduction="sum") to [B]
[B, T] -> Hinge(reduction="none") to [B, T] long
[B, T] -> Hinge(2, reduction="sum") to [B, T]
[B, 20, 6] -> CTC(reduction="none") to [B, 3] long < 6
[B, T, 9] -> CTC(blank=8, reduction="sum") to [B, 2] long < 8
[B, H, W] -> Dice(0.1) to [B, H, W] bool
[B, 3, H, W] -> Dice(reduction="sum") to [B, 3, H, W] long < 2
[B, T, 10] -> Focal(1, reduction="none") to [B, T] long < 10
[B, 4, H, W] -> Focal(0.5) to [B, H, W] long < 4
[B, T] -> Focal(3, reduction="sum") to [B, T] bool
[B, T] -> Focal(alpha=0.9) to [B, T] long < 2
[B, 7, H, W] -> Accuracy(top=3) to [B, H, W] long < 7
[B, T] -> Accuracy(threshold=-0.3) to [B, T] bool
[B, T] -> Accuracy to [B, T] long < 2
[B, 4, H, W] -> F1 to [B, H, W] long < 4
[B, T, 40] -> F1 to [B, T] long < 40
[B, T, 4] -> MeanIoU to [B, T] long < 4
[B, T, 4] -> Accuracy(ignore_index=2) to [B, T] long < 4
[B, T, 4] -> F1(ignore_index=2) to [B, T] long < 4
[B, T, 4] -> MeanIoU(ignore_index=2) to [B, T] long < 4
[B, T, 4] -> Perplexity(ignore_index=2) to [B, T] long < 4
[B, 40] -> MeanIoU to [B] long < 40
[B, T] -> PSNR(255) to [B, T] long
[B, 3, T] -> PSNR(2) to [B, 3, T]
[B, 10] -> Perplexity to [B] long < 10
[B, T, 10] -> Perplexity to [B, T] long
[B, T] -> Huber(0.2, reduction="sum") to [B, T] bool
[B, 3, H, W] -> DepthwiseConv(5, padding=[1, 2])
([B, T, 6], [6]) -> Add(loose=true)
([6], [B, T, 6]) -> Mul(loose=true)
[B, 6, T] -> InstanceNorm(track_running_stats=true, momentum=0.5)
[B, T, 6] -> RNN(5, num_layers=2, dropout=0.5)
[B, T, 6] -> LSTM(5, num_layers=2, dropout=0.5)
[B, T, 6] -> Mean(axis=[0, 2], keep=true)
[B, 16] -> MoE(3, top=1)
[B, 2, T, 16] -> MoE(4, top=3)
[3, T] long < 9 -> Exp
[3, T] long < 9 -> Log
[3, T] long < 9 -> Sqrt
[3, T] long < 9 -> Abs
[3, T] long < 9 -> Sin
[3, T] long < 9 -> Cos
""".strip().splitlines()
]


def _probabilities(x: Tensor, y: Tensor) -> list[torch.Tensor]:
    return [torch.rand(x.sizes), torch.rand(y.sizes) if y.dtype == "float" else example_input(y)]  # type: ignore[arg-type]


def _sides(x: Tensor, y: Tensor, sign: Tensor) -> list[torch.Tensor]:
    signs = torch.randint(0, 2, sign.sizes) * 2 - 1  # type: ignore[arg-type]
    return [example_input(x), example_input(y), signs.float() if sign.dtype == "float" else signs]


def _left_out(x: Tensor, y: Tensor) -> list[torch.Tensor]:
    classes = example_input(y)
    return [example_input(x), torch.where(torch.rand(classes.shape) < 0.3, -100, classes)]


def _sequences(x: Tensor, y: Tensor, lengths: Tensor | None, ends: Tensor | None) -> list[torch.Tensor | None]:
    """Labels of which those behind the end are no classes."""
    batch, steps, _ = x.sizes
    found: list[torch.Tensor | None] = [example_input(x), example_input(y), None, None]
    if lengths is not None:
        found[2] = torch.randint(steps // 2, steps + 1, (batch,))  # type: ignore[operator, arg-type]
    if ends is not None:
        found[3] = torch.randint(0, y.sizes[1] + 1, (batch,))  # type: ignore[operator, arg-type]
        found[1][torch.arange(y.sizes[1])[None] >= found[3][:, None]] = 77  # type: ignore[index, arg-type]
    return found


#: Lines whose inputs are not just any numbers, and what makes them.
GIVEN = {
    line.strip(): make
    for make, lines in {
        _probabilities: """
            [B, 1] -> BCE to [B, 1]
            [2, 3] -> BCE(reduction="sum") to [2, 3] bool
            [B, T] -> BCE(reduction="none") to [B, T] long < 2
            [B, 1, H, W] -> Dice to [B, 1, H, W]
            [B, T] -> KLDiv to [B, T]
        """,
        _sides: """
            ([B, 64], [B, 64]) -> CosineLoss to [B]
            ([B, 6], [B, 6]) -> CosineLoss(margin=0.2, reduction="none") to [B] long
        """,
        _left_out: """
            [B, T, 6] -> CrossEntropy to [B, T] long
            [B, 6, H, W] -> CrossEntropy(label_smoothing=0.1, weight=[1, 2, 3, 4, 5, 6]) to [B, H, W] long
            [B, 6] -> CrossEntropy(reduction="sum") to [B] long
            [B, T, 6] -> NLL to [B, T] long
            [B, T, 6] -> Focal(reduction="sum") to [B, T] long
            [B, T, 6] -> Perplexity to [B, T] long
        """,
        _sequences: """
            [B, 30, 6] -> CTC(blank=2) to ([B, S] long < 6, [B] long, [B] long)
            [B, 30, 6] -> CTC(reduction="none") to ([B, S] long < 6, [B] long)
            [B, T, 6] -> CTC(reduction="sum") to (target_lengths=[B] long, [B, 4] long < 6)
        """,
    }.items()
    for line in lines.strip().splitlines()
}

_BOTH = ("float float", "long long", "float long", "bool bool", "bool float", "long bool")
_WITH = (
    "float right=2", "float left=3", "long right=3", "long right=1.5", "long left=2", "bool right=2",
    "float right=-0.5",
)  # fmt: skip
_POWERS = ("float float", "long long", "float right=2", "float right=-1", "long right=-2", "long right=0.5")
_BOUNDS = ("float right=0", "float left=0.5", "long right=1", "long left=0.5")
_DTYPES = ("float", "long", "bool")
_PLAIN = ("+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=")

#: (sign or function, dtypes of its wires or a wire and the constant beside it)
SIGNS_AND_FUNCTIONS = [
    *((sign, dtypes) for sign in (*_PLAIN, "min", "max") for dtypes in _BOTH),
    *((sign, dtypes) for sign in (*_PLAIN, "//", "%") for dtypes in _WITH),
    *((sign, dtypes) for sign in ("//", "%") for dtypes in ("float float", "long long", "long float", "bool long")),
    *(("**", dtypes) for dtypes in _POWERS),
    *(("@", dtypes) for dtypes in ("float float", "long long", "float long")),
    *((sign, dtypes) for sign in ("min", "max") for dtypes in _BOUNDS),
    *((name, dtype) for name in ("exp", "log", "sqrt", "abs", "sin", "cos", "neg") for dtype in _DTYPES),
]
