"""Search for the best rates: how well can H heads recall one lag?

With as many exponentials as lags up to T (H > T) the error can be made as small as one
likes, at the price of weights without bound. So "best" needs a price for large
weights. Ours is what rounding may spoil: a weight rounded to b significant bits is off
by up to ``2^-b |weight|``, which moves the kernel in l1 by that times the sum of its
decay over all lags. The search makes the error plus this loss small: an error that is
guaranteed under any rounding of relative size ``2^-b``. Weights that are chosen with b
bits from the start, and rates that follow them, can do better.

Both are sums of absolute values. The search minimises weighted squares over rates and
weights (variable projection, see :mod:`tapx.kernels.fit`), then reweights each square
by its inverse size, so that squares become absolute values, and goes on.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from flint import arb, arb_mat, fmpq

from tapx import witnesses
from tapx.checks import at_least
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

# Where the slowest rate is searched; powers at or below 1 are not summable.
SLOWEST = {LIN: (1e-3, 50.0), LOG: (1.01, 100.0)}

# Least and largest ratio of neighbouring rates: they stay distinct, and in range.
RATIO = (1.005, 3.0)
ROUNDS = 10  # rounds of reweighting; the floor of the sizes falls by four with each


class Window(NamedTuple):
    """The points at which a search looks, and the one where the kernel should be 1.

    Points are lags, or lags times T / B, ascending. A far one counts for those around.
    """

    counts: dict[fmpq, float]
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
    return Window(dict(zip(map(fmpq, lags), counts, strict=True)), fmpq(lag))


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
    return Window(dict(sorted(counts.items())), fmpq(largest))


class _WeightedSquares:
    """``sum_s scale_s (k(s) - delta(s))^2 + sum_h scale_h (loss_h weight_h)^2``."""

    def __init__(self, window: Window, heads: int, family: Family, bits: int):
        self.family, self.bits = family, bits
        self.precision = 4 * bits + 16 * heads + 128
        self.points = list(window.counts)
        with balls.precision(self.precision):
            self.logs = [family.depth_ball(point) for point in self.points]
        rows = len(self.points) + heads
        self.counts = np.r_[list(window.counts.values()), np.ones(heads)]
        self.right = arb_mat(rows, 1)
        self.right[self.points.index(window.recall), 0] = arb(1)
        self.scale = self.counts

    def project(self, rates: np.ndarray) -> tuple[arb_mat, arb_mat, arb_mat, list[arb]]:
        """Design matrix, best weights, residual, and the slopes of the losses."""
        around = [arb(float(rate)) for rate in rates]
        rows = self._decays(around)
        losses = [self._loss(rate) for rate in around]
        for i, (loss, _) in enumerate(losses):
            rows.append([loss if i == j else arb(0) for j in range(len(rates))])
        design = arb_mat(rows)
        pairs = zip(self.scale, rows, strict=True)
        scaled = arb_mat(
            [[arb(float(scale)) * entry for entry in row] for scale, row in pairs]
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
            sizes = np.array([abs(float(x.mid())) for x in residual.entries()])
            return sizes * self.counts, weights


def best_delta(
    lag: int, heads: int, family: str | Family, weight_bits: int = 53
) -> Kernel:
    """A kernel that recalls ``lag``, good under any rounding to ``weight_bits`` bits.

    Its error is certified; that nothing is better is not. Where the search finds
    nothing better than no head at all, all weights are 0 and the error is 1; with too
    few heads (:meth:`tapx.kernels.family.Family.heads_to_recall`) that is a theorem.

    Args:
        lag: T, at least 0 (exponential) or 1 (power).
        heads: H, at least 1.
        family: "exponential" or "power".
        weight_bits: significant bits of a weight, 2 to 2000; rates are float64.

    ValueError outside of these ranges.
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
    """The kernel of a stored answer, checked."""
    kernel = Kernel.stored(entry, Delta(entry["target"]["delta"]))
    check_at_most(kernel.l1_error, entry, "an l1 error")
    return kernel


def write_kernel(kernel: Kernel) -> dict[str, Any]:
    """The numbers of a kernel and its l1 error, as they are stored."""
    return {**kernel.numbers(), "claim": upper_decimal(kernel.l1_error)}


def stored_kernel(name: str) -> Kernel:
    """A kernel near a delta that is stored under a name alone, see `named`."""
    return witnesses.named(name, read_kernel)


def best_scaled(lags: tuple[int, ...], heads: int, weight_bits: int = 53) -> Kernel:
    """The best power kernel found for the points ``s T / B`` of adaptive lags B.

    Lemma F.5 reads one kernel for every B, at ``s T / B``; T is the largest of the
    lags. The sum of the errors over all B is made small, and the kernel's target is a
    delta at T. ValueError as `best_delta`, or for lags that do not ascend from 1 on.
    """
    if not lags or lags[0] < 1 or list(lags) != sorted(set(lags)):
        raise ValueError(f"lags {list(lags)} must ascend from 1 or more")
    _check(heads, weight_bits)
    if heads < LOG.heads_to_recall(lags[-1]):
        return _nothing(lags[-1], heads, LOG)
    return _search(_scaled_window(lags, heads), heads, LOG, weight_bits)


def _check(heads: int, weight_bits: int) -> None:
    at_least(1, heads=heads)
    if not 2 <= weight_bits <= 2000:
        raise ValueError(f"weight_bits {weight_bits}: allowed are 2 to 2000")


def _nothing(lag: int, heads: int, family: Family) -> Kernel:
    """Weights 0; rates of at least 2: every sum over all lags is then finite."""
    return Kernel.of(family, range(2, heads + 2), [0] * heads, Delta(lag))


def _search(window: Window, heads: int, family: Family, bits: int) -> Kernel:
    # Slow to load, and only searches need it.
    from scipy.optimize import OptimizeResult, minimize

    problem = _WeightedSquares(window, heads, family, bits)
    bounds = [tuple(np.log(SLOWEST[family]))] + [tuple(np.log(RATIO))] * (heads - 1)

    def descend(steps: np.ndarray, iterations: int) -> OptimizeResult:
        given = {"jac": True, "bounds": bounds, "options": {"maxiter": iterations}}
        return minimize(problem, steps, method="L-BFGS-B", **given)

    starts = [np.log([slow, *[ratio] * (heads - 1)]) for slow, ratio in STARTS[family]]
    # A short descent from every start shows which valley is worth the long one.
    first = min((descend(start, 25) for start in starts), key=lambda found: found.fun)
    steps = descend(first.x, 300).x
    # The start is no head at all, and its error, summed.
    lowest, best = window.counts[window.recall], (steps, [fmpq(0)] * heads)
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
