"""Search for the best rates: how well can H heads recall one lag?

With as many exponentials as lags up to T (H > T) the error can be made as small as one
likes, at the price of weights without bound. So "best" needs a price for large
weights. Ours is what rounding may spoil: a weight rounded to b significant bits is off
by up to ``2^-b |weight|``, which moves the kernel in l1 by that times the sum of its
decay over all lags. The search makes the error plus this loss small: an error that is
guaranteed under any rounding of relative size ``2^-b``. Weights that are chosen with b
bits from the start, and rates that follow them, can do better.

Both are sums of absolute values. The search minimises weighted squares over rates and
weights (for given rates the weights solve linear equations: variable projection,
Golub and Pereyra 1973), then reweights each square by its inverse size, so that
squares become absolute values, and goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq
from scipy.optimize import OptimizeResult, minimize

from tapx import witnesses
from tapx.kernels import balls
from tapx.kernels.balls import check_at_most, rational, upper_decimal
from tapx.kernels.family import LIN, LOG, Family
from tapx.kernels.kernel import Delta, Kernel
from tapx.witnesses import Entry, Question

STARTS = {
    LIN: ((0.2, 1.25), (0.5, 1.15), (1.2, 1.1), (3.0, 1.1), (8.0, 1.05)),
    LOG: ((1.5, 1.2), (2.5, 1.3), (6.0, 1.15), (14.0, 1.1), (30.0, 1.08)),
}
"""Slowest rate and ratio of the geometric sequences that the search starts from."""

SLOWEST = {LIN: (1e-3, 50.0), LOG: (1.01, 100.0)}
"""Where the slowest rate is searched; powers at or below 1 are not summable."""

RATIO = (1.005, 3.0)
"""Least and largest ratio of neighbouring rates: they stay distinct, and in range."""

ROUNDS = 10
"""Rounds of reweighting; the floor of the sizes falls by four with each."""


@dataclass(frozen=True)
class Window:
    """The points at which a search looks, and what it wants there.

    Attributes:
        points: where the kernel is read, ascending: lags, or lags times T / B.
        counts: how often a point counts; a far one stands for those around it.
        recall: the point at which the kernel should be 1; it should be 0 elsewhere.
    """

    points: tuple[fmpq, ...]
    counts: tuple[float, ...]
    recall: fmpq


def _far(end: int) -> list[int]:
    """A power's tail is long: beyond the window a few points stand for the others."""
    return np.unique(np.geomspace(end, 1e5, 14).astype(int)).tolist()


def _lag_window(lag: int, heads: int, family: Family) -> Window:
    """The lags that matter for a delta at one of them."""
    start = family.first_lag
    end = start + 4 * (lag + heads) + 32
    lags = [*range(start, end), *(_far(end) if family is LOG else [])]
    counts = np.diff([*lags, lags[-1] + 1]).tolist()
    return Window(tuple(map(fmpq, lags)), tuple(counts), fmpq(lag))


def _scaled_window(lags: tuple[int, ...], heads: int) -> Window:
    """The points ``s T / B`` of all adaptive lags B, for power kernels (F.5)."""
    largest = lags[-1]
    end = 1 + 4 * (largest + heads) + 32
    counts: dict[fmpq, float] = {}
    for lag in lags:
        for s in range(1, end * lag // largest + 1):
            point = fmpq(s * largest, lag)
            counts[point] = counts.get(point, 0) + 1
    far = _far(end + 1)
    for place, gap in zip(far, np.diff([*far, far[-1] + 1]), strict=True):
        counts[fmpq(place)] = float(gap) * sum(lags) / largest
    points = sorted(counts)
    return Window(tuple(points), tuple(counts[x] for x in points), fmpq(largest))


class _WeightedSquares:
    """``sum_s scale_s (k(s) - delta(s))^2 + sum_h scale_h (loss_h weight_h)^2``."""

    def __init__(self, window: Window, heads: int, family: Family, bits: int):
        self.family, self.bits = family, bits
        self.precision = 4 * bits + 16 * heads + 128
        self.points = window.points
        with balls.precision(self.precision):
            self.logs = [family.depth_ball(point) for point in window.points]
        rows = len(self.points) + heads
        self.counts = np.r_[window.counts, np.ones(heads)]
        self.right = arb_mat(rows, 1)
        self.right[self.points.index(window.recall), 0] = arb(1)
        self.scale = self.counts

    def project(self, rates: np.ndarray) -> tuple[arb_mat, arb_mat, arb_mat, list[arb]]:
        """Design matrix, best weights, residual, and the slopes of the losses."""
        balls = [arb(float(rate)) for rate in rates]
        rows = self._decays(balls)
        losses = [self._loss(rate) for rate in balls]
        for i, (loss, _) in enumerate(losses):
            rows.append([loss if i == j else arb(0) for j in range(len(balls))])
        design = arb_mat(rows)
        scaled = arb_mat(
            [
                [arb(float(scale)) * entry for entry in row]
                for scale, row in zip(self.scale, rows, strict=True)
            ]
        ).transpose()
        weights = (scaled * design).solve(scaled * self.right)
        return design, weights, design * weights - self.right, [x[1] for x in losses]

    def _decays(self, rates: list[arb]) -> list[list[arb]]:
        if self.family is LOG:
            return [[(-rate * log).exp() for rate in rates] for log in self.logs]
        factors = [(-rate).exp() for rate in rates]
        rows = [[arb(1) for _ in rates]]
        for _ in self.points[1:]:
            rows.append([x * z for x, z in zip(rows[-1], factors, strict=True)])
        return rows

    def _loss(self, rate: arb) -> tuple[arb, arb]:
        """Loss of a unit of weight rounded to ``bits``, and its slope in the rate."""
        unit = arb(2) ** -self.bits
        if self.family is LIN:
            z = (-rate).exp()
            return unit / (1 - z), -unit * z / (1 - z) ** 2
        step = arb(2) ** (-self.precision // 3)
        here, above = rate.zeta(), (rate + step).zeta()
        return unit * here, unit * (above - here) / step

    def __call__(self, steps: np.ndarray) -> tuple[float, np.ndarray]:
        """Logarithm of the least value over the weights, and its gradient."""
        rates = _rates(steps)
        with balls.precision(self.precision):
            design, weights, residual, slopes = self.project(rates)
            rows = range(len(self.scale))
            pulls = [arb(float(self.scale[i])) * residual[i, 0] for i in rows]
            value = sum((p * residual[i, 0] for i, p in enumerate(pulls)), arb(0))
            moments = arb_mat(
                [[-p * g for p, g in zip(pulls, self.logs, strict=False)]]
            ) * arb_mat(design.tolist()[: len(self.logs)])
            gradient = np.empty(len(rates))
            for i, rate in enumerate(rates):
                w = weights[i, 0]
                slope = w * moments[0, i] + pulls[len(self.logs) + i] * slopes[i] * w
                gradient[i] = float((2 * slope / value).mid()) * rate
            # A step moves the logarithms of its own rate and of all faster ones.
            return float(value.log().mid()), np.cumsum(gradient[::-1])[::-1]

    def sizes(self, steps: np.ndarray) -> tuple[np.ndarray, arb_mat]:
        """Absolute errors and losses, whose sum is to be least; and the weights."""
        with balls.precision(self.precision):
            _, weights, residual, _ = self.project(_rates(steps))
            entries = residual.entries()
            sizes = np.array([abs(float(entry.mid())) for entry in entries])
            return sizes * self.counts, weights


def best_delta(
    lag: int, heads: int, family: str | Family, weight_bits: int = 53
) -> Kernel:
    """A kernel that recalls ``lag``, good under any rounding to ``weight_bits`` bits.

    The search makes small what is guaranteed: the error plus the loss when each weight
    moves by ``2^-weight_bits`` of itself. What it returns is one such rounding.

    It is a search: the error of what it returns is certified (its ``l1_error``),
    that nothing is better is not. Where it finds nothing better than no head at all,
    all weights are 0 and the error is 1; with too few heads that is a theorem
    (:meth:`tapx.kernels.family.Family.heads_to_recall`).

    Args:
        lag: T, at least 0 (exponential) or 1 (power).
        heads: H, at least 1.
        family: "exponential" or "power".
        weight_bits: significant bits of a stored weight, 2 to 2000; 53 is float64.

    Returns:
        A kernel with float64 rates and weights of ``weight_bits`` bits.

    Raises:
        ValueError: on parameters out of these ranges.
    """
    family = Family.of(family)
    least = family.heads_to_recall(Delta(lag).lag)
    _check(heads, weight_bits)
    if heads < least:
        return _nothing(lag, heads, family)
    return _recall(int(lag), heads, family, weight_bits)


@lru_cache(maxsize=256)
def _recall(lag: int, heads: int, family: Family, bits: int) -> Kernel:
    return witnesses.answer(
        recall_question(lag, heads, family, bits),
        read_kernel,
        lambda: _search(_lag_window(lag, heads, family), heads, family, bits),
        write_kernel,
    )


def recall_question(lag: int, heads: int, family: Family, bits: int) -> Question:
    """The question that `best_delta` asks: a kernel near a delta, in l1."""
    start = family.first_lag
    return Question(
        group="kernels",
        name=f"{family}-lag{lag}",
        kind="kernel-l1",
        family=family.word,
        target={"delta": lag},
        size={"heads": heads, "weight_bits": bits},
        statement=f"The {family} kernel with these rates and weights differs from the "
        f"delta at lag {lag}, summed over all lags s >= {start}, by at most the claim.",
    )


def read_kernel(entry: Entry) -> Kernel:
    """The kernel of a stored answer, its l1 error checked in balls."""
    kernel = Kernel.stored(entry, Delta(entry["target"]["delta"]))
    check_at_most(kernel.l1_error, entry, "an l1 error")
    return kernel


def write_kernel(kernel: Kernel) -> dict[str, Any]:
    """The numbers of a kernel and its l1 error, as they are stored."""
    return {**kernel.numbers(), "claim": upper_decimal(kernel.l1_error)}


def stored_kernel(name: str) -> Kernel:
    """A kernel near a delta that is stored under a name alone, checked in balls.

    Raises:
        KeyError: there is none of this name, or more than one.
    """
    return witnesses.named(name, read_kernel)


def best_scaled(lags: tuple[int, ...], heads: int, weight_bits: int = 53) -> Kernel:
    """The best power kernel found for the points ``s T / B`` of adaptive lags B.

    Lemma F.5 reads one kernel for every B, at ``s T / B``; T is the largest of the
    lags. The sum of the errors over all B is made small, and the kernel's target is a
    delta at T.

    Args:
        lags: the adaptive lags, ascending, each at least 1.
        heads: H, at least 1.
        weight_bits: significant bits of a stored weight, 2 to 2000.

    Raises:
        ValueError: on parameters out of these ranges.
    """
    if not lags or lags[0] < 1 or list(lags) != sorted(set(lags)):
        raise ValueError(f"lags {list(lags)} must ascend from 1 or more")
    _check(heads, weight_bits)
    if heads < LOG.heads_to_recall(lags[-1]):
        return _nothing(lags[-1], heads, LOG)
    return _search(_scaled_window(lags, heads), heads, LOG, weight_bits)


def _check(heads: int, weight_bits: int) -> None:
    if heads < 1:
        raise ValueError(f"heads {heads}: at least 1 head is needed")
    if not 2 <= weight_bits <= 2000:
        raise ValueError(f"weight_bits {weight_bits}: allowed are 2 to 2000")


def _nothing(lag: int, heads: int, family: Family) -> Kernel:
    """Weights 0; rates of at least 2: every sum over all lags is then finite."""
    return Kernel.of(family, range(2, heads + 2), [0] * heads, Delta(lag))


def _search(window: Window, heads: int, family: Family, bits: int) -> Kernel:
    problem = _WeightedSquares(window, heads, family, bits)
    bounds = [tuple(np.log(SLOWEST[family]))] + [tuple(np.log(RATIO))] * (heads - 1)

    def descend(steps: np.ndarray, iterations: int) -> OptimizeResult:
        options = {"maxiter": iterations}
        return minimize(
            problem, steps, jac=True, method="L-BFGS-B", bounds=bounds, options=options
        )

    starts = [
        np.log([first, *[ratio] * (heads - 1)]) for first, ratio in STARTS[family]
    ]
    # A short descent from every start shows which valley is worth the long one.
    first = min((descend(start, 25) for start in starts), key=lambda found: found.fun)
    steps = descend(first.x, 300).x
    nothing = window.counts[window.points.index(window.recall)]  # its error, summed
    lowest, best = nothing, (steps, [fmpq(0)] * heads)
    for round_ in range(ROUNDS):
        sizes, weights = problem.sizes(steps)
        if sizes.sum() < lowest:
            lowest = float(sizes.sum())
            best = steps, [rational(weight) for weight in weights.entries()]
        floor = sizes.sum() * 0.25 ** (round_ + 2)
        problem.scale = problem.counts**2 / np.maximum(sizes, floor)
        steps = descend(steps, 30).x
    target = Delta(int(window.recall.p))
    kernel = Kernel.of(family, _rates(best[0]).tolist(), best[1], target)
    return kernel.rounded(bits)


def _rates(steps: np.ndarray) -> np.ndarray:
    """Ascending rates from the log of the slowest and the logs of the ratios."""
    return np.exp(np.cumsum(steps))
