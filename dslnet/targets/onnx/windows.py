"""Pooling and resizing where ONNX has no node that computes what PyTorch does at every size.

Enters: images [B, C, ...] and the sizes to make. Leaves: names of values.
"""

from __future__ import annotations

from typing import Any

from ...shape import Dim, Shape, Size
from .graph import Unsupported
from .nodes import Wire
from .shaping import Shaping


class Windows(Shaping):
    """A graph with words for images."""

    def adaptive(self, x: Wire, sizes: Shape, kind: str) -> str:
        """Means (`avg`) or largest numbers (`max`) of windows that make the given sizes."""
        axes = tuple(range(2, x.rank))
        if all(size == 1 for size in sizes):
            return self.reduce("ReduceMean" if kind == "avg" else "ReduceMax", x, axes, keep=True)
        steps = []
        for axis, size in zip(axes, sizes, strict=True):
            there = x.sizes[axis]
            exact = isinstance(size, int) and isinstance(there, int) and there % size == 0
            steps.append(there // size if exact and isinstance(size, int) else None)
        if all(isinstance(step, int) for step in steps):
            pool = "AveragePool" if kind == "avg" else "MaxPool"
            return self.op(pool, x, kernel_shape=tuple(steps), strides=tuple(steps))
        found = x.name
        for axis, size in zip(axes, sizes, strict=True):
            if size != x.sizes[axis]:
                found = self._windowed(found, x.rank, axis, x.sizes[axis], size, kind)
        return found

    def _windowed(self, x: str, rank: int, axis: int, there: Size, size: Size, kind: str) -> str:
        """One axis joined by windows from floor(i n / m) up to ceil((i + 1) n / m)."""
        order = [*(i for i in range(rank) if i != axis), axis]
        back = [order.index(i) for i in range(rank)]
        last = self.transpose(x, *order)
        if kind == "avg":
            made = self.op("MatMul", last, self._weights_of_windows(there, size))
        else:
            outside = self._inside_windows(there, size)  # [n, m]
            rows = self.unsqueeze(last, rank)
            low = self.op("Where", outside, rows, self.number(float("-inf")))
            made = self.reduce("ReduceMax", low, (rank - 1,))
        return self.transpose(made, *back)

    def _bounds_of_windows(self, there: Size, size: Size) -> tuple[str, str]:
        """Where each of the `size` windows begins and ends, [1, size] long."""
        steps, n, m = self.steps(size), self.scalar(there), self.scalar(size)
        one = self.number(1, "long")
        start = self.op("Div", self.op("Mul", steps, n), m)
        above = self.op("Add", self.op("Mul", self.op("Add", steps, one), n), self.op("Sub", m, one))
        return self.unsqueeze(start, 0), self.unsqueeze(self.op("Div", above, m), 0)

    def _inside_windows(self, there: Size, size: Size) -> str:
        """Whether place i is in window j, [there, size] bool."""

        def make() -> str:
            start, stop = self._bounds_of_windows(there, size)
            places = self.unsqueeze(self.steps(there), 1)
            return self.op("And", self.op("GreaterOrEqual", places, start), self.op("Less", places, stop))

        return self.once(("inside", there, size), make)

    def _weights_of_windows(self, there: Size, size: Size) -> str:
        """The share of place i in the mean of window j, [there, size]."""

        def make() -> str:
            start, stop = self._bounds_of_windows(there, size)
            inside = self.cast(self._inside_windows(there, size), "float")
            return self.op("Div", inside, self.cast(self.op("Sub", stop, start), "float"))

        return self.once(("shares", there, size), make)

    def pool(
        self, x: Wire, kind: str, kernel: Shape, stride: Shape, padding: Shape, ceil: bool, counted: bool = True
    ) -> str:
        """The largest number or the mean of each window."""
        shape = {"kernel_shape": kernel, "strides": stride, "pads": padding * 2, "ceil_mode": int(ceil) or None}
        if any(isinstance(k, Dim) for k in kernel):
            if kernel == x.sizes[2:] and not any(padding):  # one window, the whole of space
                axes = range(2, x.rank)
                return self.reduce("ReduceMean" if kind == "avg" else "ReduceMax", x, axes, keep=True)
            raise Unsupported("a window of a size that is known only at run time", "give the kernel a number")
        if kind == "max":
            return self.op("MaxPool", x, **shape)
        return self.op("AveragePool", x, count_include_pad=int(counted), **shape)

    # ----------------------------------------------------------------------------------------------- resizing

    def resize(self, x: Wire, sizes: Shape, mode: str, corners: bool, scales: Shape | None = None) -> str:
        """An image at other points, as `F.interpolate`. `scales` are the factors where they are what is given."""
        if mode == "area":
            return self.adaptive(x, sizes, "avg")
        if mode in ("nearest", "nearest-exact"):
            return self._nearest(x, sizes, mode == "nearest-exact", scales)
        if corners and mode == "bilinear":
            return self._between(x, sizes)
        lifted, ones = x.name, 2
        if x.rank == 3:  # linear interpolation is for two axes or three
            lifted, ones = self.unsqueeze(x, 2), 3
        how = {"mode": "linear" if mode == "bilinear" else "cubic"}
        more: dict[str, Any] = {"cubic_coeff_a": -0.75} if mode == "bicubic" else {}
        places = "align_corners" if corners else "half_pixel"
        if scales is not None and not any(isinstance(scale, Dim) for scale in scales):
            given = self.vector((*(1,) * ones, *scales), "float")
            made = self.op("Resize", lifted, None, given, coordinate_transformation_mode=places, **how, **more)
        else:
            front = (*x.sizes[:2], *(1,) * (ones - 2))
            wanted = self.sizes((*front, *sizes))
            made = self.op("Resize", lifted, None, None, wanted, coordinate_transformation_mode=places, **how, **more)
        return self.squeeze(made, 2) if x.rank == 3 else made

    def _between(self, x: Wire, sizes: Shape) -> str:
        """Linear interpolation of points whose first and last are the image's own. Runtimes round the coordinates of
        `Resize` otherwise than PyTorch, which shows in the fifth digit."""
        found = x.name
        for axis, size in enumerate(sizes, 2):
            there = x.sizes[axis]
            if size == there:
                continue
            low, high, share = self._points(there, size)
            if axis + 1 < x.rank:
                share = self.unsqueeze(share, *range(1, x.rank - axis))
            a, b = (self.op("Gather", found, index, axis=axis) for index in (low, high))
            found = self.op("Add", a, self.op("Mul", self.op("Sub", b, a), share))
        return found

    def _points(self, there: Size, size: Size) -> tuple[str, str, str]:
        """The places before and after each point, and how far between them it is."""
        one = self.number(1, "long")

        def places() -> str:
            spans = [self.op("Max", self.op("Sub", self.scalar(n), one), one) for n in (there, size)]
            step = self.op("Div", *(self.cast(span, "float") for span in spans))
            return self.op("Mul", self.cast(self.steps(size), "float"), step)

        def after() -> str:
            return self.op("Min", self.op("Add", low, one), self._last(there))

        place = self.once(("places between", there, size), places)
        low = self.once(("low", there, size), lambda: self.op("Min", self.cast(place, "long"), self._last(there)))
        high = self.once(("high", there, size), after)
        share = self.once(("share", there, size), lambda: self.op("Sub", place, self.cast(low, "float")))
        return low, high, share

    def _last(self, size: Size) -> str:
        """The index of the last of so many."""
        return self.once(("last", size), lambda: self.op("Sub", self.scalar(size), self.number(1, "long")))

    def _nearest(self, x: Wire, sizes: Shape, exact: bool, scales: Shape | None) -> str:
        """The rows that PyTorch takes: floor(i n / m), or with `exact` floor((i + 1/2) n / m), in single precision."""
        found = x.name
        for axis, size in enumerate(sizes, 2):
            there = x.sizes[axis]
            if size == there:
                continue
            index = self._rows(there, size, exact, None if scales is None else scales[axis - 2])
            found = self.op("Gather", found, index, axis=axis)
        return found

    def _rows(self, there: Size, size: Size, exact: bool, scale: Size | None) -> str:
        def make() -> str:
            steps = self.cast(self.steps(size), "float")
            if exact:
                steps = self.op("Add", steps, self.number(0.5))
            if scale is not None:
                factor = self.op("Div", self.number(1.0), self.scalar(scale, "float"))
            else:
                factor = self.op("Div", self.scalar(there, "float"), self.scalar(size, "float"))
            rows = self.cast(self.op("Floor", self.op("Mul", steps, factor)), "long")
            return self.op("Min", rows, self._last(there))

        return self.once(("nearest", there, size, exact, scale), make)
