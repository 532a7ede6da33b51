"""What changes images at random in training.

Never imported by the checker: the text of a function is copied into emitted source where it is used, as that of
`boxes.py`. Each sample has a draw of its own, and no number is brought back from the device.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def samples_chosen(x: Tensor, p: float) -> Tensor:
    """Which samples are changed, with probability p each: [B, 1, ...] bool."""
    draw = torch.rand(x.shape[0], device=x.device) < p
    return draw.view(-1, *[1] * (x.dim() - 1))


def random_flip(x: Tensor, p: float, dim: int, training: bool) -> Tensor:
    """Samples mirrored along an axis with probability p, in training."""
    return torch.where(samples_chosen(x, p), x.flip(dim), x) if training else x


def random_crop(
    x: Tensor, padding: int | tuple[int, ...], mode: str, training: bool
) -> Tensor:
    """Samples moved by up to `padding` along each axis of space, in training."""
    if not training:
        return x
    amounts = [padding] * (x.dim() - 2) if isinstance(padding, int) else padding
    for dim, amount in enumerate(amounts, 2):
        size = x.shape[dim]
        shift = torch.randint(-amount, amount + 1, (x.shape[0], 1), device=x.device)
        place = torch.arange(size, device=x.device) + shift
        shape = [-1 if i in (0, dim) else 1 for i in range(x.dim())]
        shape[0], shape[dim] = x.shape[0], size
        x = x.gather(dim, place.clamp(0, size - 1).view(shape).expand_as(x))
        if mode == "constant":
            x = x * ((place >= 0) & (place < size)).view(shape)
    return x


def random_erasing(
    x: Tensor,
    p: float,
    scale: tuple[float, float],
    ratio: tuple[float, float],
    value: float,
    training: bool,
) -> Tensor:
    """A random rectangle of each sample set to a value with probability p, in training."""
    if not training:
        return x
    batch, _, height, width = x.shape
    draw = torch.rand(4, batch, 1, device=x.device)
    area = height * width * (scale[0] + (scale[1] - scale[0]) * draw[0])
    low, high = torch.tensor(ratio, device=x.device).log()
    aspect = (low + (high - low) * draw[1]).exp()
    tall = (area * aspect).sqrt().round().clamp(1, height)
    wide = (area / aspect).sqrt().round().clamp(1, width)
    top = (draw[2] * (height - tall + 1)).floor()
    left = (draw[3] * (width - wide + 1)).floor()
    row = torch.arange(height, device=x.device)
    column = torch.arange(width, device=x.device)
    rows = (row >= top) & (row < top + tall)
    columns = (column >= left) & (column < left + wide)
    inside = (rows[:, :, None] & columns[:, None, :])[:, None]
    return x.masked_fill(inside & samples_chosen(x, p), value)


def random_affine(
    x: Tensor,
    degrees: float,
    translate: tuple[float, float],
    scale: tuple[float, float],
    training: bool,
) -> Tensor:
    """Each sample turned, shifted and scaled by random amounts, in training."""
    if not training:
        return x
    batch, _, height, width = x.shape
    draw = torch.rand(4, batch, device=x.device, dtype=x.dtype)
    angle = (2 * draw[0] - 1) * (degrees * torch.pi / 180)
    size = scale[0] + (scale[1] - scale[0]) * draw[1]
    down, right = (
        2 * translate[0] * (2 * draw[2] - 1),
        2 * translate[1] * (2 * draw[3] - 1),
    )
    cos, sin = angle.cos() / size, angle.sin() / size
    # in units of half the image, whose sides may differ: a turn must not shear
    matrix = torch.stack(
        [
            torch.stack([cos, sin * (height / width), -right], 1),
            torch.stack([-sin * (width / height), cos, -down], 1),
        ],
        1,
    )
    grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def color_jitter(
    x: Tensor, brightness: float, contrast: float, training: bool
) -> Tensor:
    """Each sample made brighter or darker, and stronger or weaker, in training."""
    if not training:
        return x
    draw = 2 * torch.rand(2, x.shape[0], 1, 1, 1, device=x.device, dtype=x.dtype) - 1
    x = x * (1 + brightness * draw[0])
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (x - mean) * (1 + contrast * draw[1])
