"""A simplex method for sums of absolute values, in long floating-point numbers.

It finds the vertices of
``min sum_s |target(s) - sum_h v_h p_h(s)| + price sum_h |v_h|``
(after Barrodale and Roberts), with columns generated as they are needed. Double
precision does not solve this: the values cancel to one part in 2^53 and more. Nothing
rests on its being right: :mod:`tapx.limits.weight_bounds` checks what it returns in
balls.
"""

# Kept by hand, since we know of nothing better: HiGHS, which SciPy calls, has float64
# alone, and exact solvers take rational coefficients, which decays are not.

from __future__ import annotations

from itertools import pairwise

import numpy as np
from flint import arb, arb_mat, fmpq

from tapx.kernels.balls import Number, exact, rational
from tapx.kernels.family import LIN, LOG, Family

# Columns are generated until no head pairs to more than the price times 1 + this.
CLOSE = 1e-3

# The last lag at which a programme looks; the check looks at all.
FARTHEST = {LIN: 512, LOG: 100_000}
AFRESH = 24  # steps after which the inverse is computed afresh

MOST_STEPS, MOST_ROUNDS = 5000, 40
"""Steps of the simplex method, and rounds of new columns, before it gives up."""

# Rounds in a row without a value after which no head is worth its price.
WORTHLESS_ROUNDS = 12
NOTHING = 1e-20  # values below this are the noise that breaks ties


class Programme:
    """Rows are lags, then one row a head with its price; columns are heads.

    Minimises the sum of ``|right - rows . v|``. A vertex makes as many rows exact as
    there are columns (`exact_rows`); the values v follow from them.
    """

    def __init__(
        self,
        family: Family,
        lag: int,
        price: fmpq,
        rates: tuple[Number, ...],
        counted: bool = True,
    ):
        self.price = arb(price)
        self.y: list[arb] = []
        self.values: dict[int, arb] = {}
        self.lags = listed_lags(family, lag)
        self.place = lag - family.first_lag
        balls = [arb(exact(rate)) for rate in rates]
        self.masses = [family.tail(ball) for ball in balls]
        rows = _softmax(family, self.lags, balls, counted)
        table = arb_mat([[x.mid() for x in row] for row in rows])
        self.columns = table.transpose()
        # Without a little noise most vertices would coincide, and the method could
        # walk in circles. The dual numbers do not feel it.
        tiny = arb(10) ** -50
        self.noise = [tiny * ((i * 0.6180339887) % 1 - 0.5) for i in range(4096)]
        # The start: as many heads as there are lags up to a little beyond T.
        count = min(len(rates), lag + 3)
        spread = np.unique(np.linspace(0, len(rates) - 1, count).astype(int))
        self.heads = [int(h) for h in spread]
        self.exact_rows = [("lag", i) for i in range(len(self.heads))]

    def solve(self) -> None:
        """Vertices, then new columns, until no head is worth its price."""
        idle_rounds = 0
        for _ in range(MOST_ROUNDS):
            self._descend()
            # Where no head is worth its price all values are 0, every lag but T is
            # exact, and no vertex tells which numbers y are right: there is no end.
            worthless = all(abs(v) < NOTHING for v in self.values.values())
            idle_rounds = idle_rounds + 1 if worthless else 0
            if idle_rounds == WORTHLESS_ROUNDS:
                return
            pairs = (self.columns * arb_mat([[y] for y in self.y])).entries()
            sizes = np.array([abs(float((p / self.price).mid())) for p in pairs])
            sizes[self.heads] = 0
            left, right = np.r_[0, sizes[:-1]], np.r_[sizes[1:], 0]
            peaks = (sizes > 1 + CLOSE) & (sizes >= left) & (sizes >= right)
            if not peaks.any():
                return
            idle = {h for kind, h in self.exact_rows if kind == "price"}
            self.heads = [h for h in self.heads if h not in idle]
            self.exact_rows = [row for row in self.exact_rows if row[0] == "lag"]
            new = [int(h) for h in np.flatnonzero(peaks)]
            self.heads += new
            self.exact_rows += [("price", h) for h in new]
        raise ArithmeticError(f"new columns still after {MOST_ROUNDS} rounds")

    def _descend(self) -> None:
        """From vertex to vertex, along edges that lower the sum of sizes."""
        count, lags = len(self.heads), len(self.lags)
        columns = self.columns.tolist()
        rows = [*map(list, zip(*(columns[h] for h in self.heads), strict=True))]
        for i in range(count):
            rows.append([self.price if i == j else arb(0) for j in range(count)])
        names = [("lag", i) for i in range(lags)]
        names += [("price", h) for h in self.heads]
        active = [names.index(name) for name in self.exact_rows]
        matrix = arb_mat(rows)
        across = matrix.transpose()
        right = arb_mat([[n] for n in self.noise[: lags + count]])
        right[self.place, 0] = arb(1)
        inverse = arb_mat(0, 0)
        for step in range(MOST_STEPS):
            if step % AFRESH == 0:
                inverse = arb_mat([rows[i] for i in active]).inv().mid()
            values = (inverse * arb_mat([[right[i, 0]] for i in active])).mid()
            residual = (right - matrix * values).mid().entries()
            signs = [1 if r > 0 else -1 for r in residual]
            for i in active:
                signs[i] = 0
            pull = (across * arb_mat([[s] for s in signs])).mid()
            duals = (inverse.transpose() * pull).mid().entries()
            sizes = [abs(float(d)) for d in duals]
            leaving = int(np.argmax(sizes))
            if sizes[leaving] <= 1 + 1e-9:
                break
            side = -1 if duals[leaving] > 0 else 1
            edge = arb_mat([[-side * inverse[i, leaving]] for i in range(count)])
            slopes = (matrix * edge).mid().entries()
            entering = _entering(residual, slopes, active, sizes[leaving])
            active[leaving] = entering
            # The inverse, with one row of the matrix replaced.
            line = arb_mat([rows[entering]]) * inverse
            change = arb_mat([[x] for x in inverse.transpose().tolist()[leaving]])
            change /= line[0, leaving]
            line[0, leaving] -= 1
            inverse = (inverse - change * line).mid()
        else:
            raise ArithmeticError(f"no optimal vertex after {MOST_STEPS} steps")
        self.exact_rows = [names[i] for i in active]
        self.values = dict(zip(self.heads, values.entries(), strict=True))
        y = [arb(s) for s in signs]
        for i, dual in zip(active, duals, strict=True):
            y[i] = -dual
        self.y = y[:lags]

    def weights(self) -> list[fmpq]:
        """Kernel weights of all heads: value over mass, 0 where a head is idle."""
        idle = {h for kind, h in self.exact_rows if kind == "price"}
        weights = [fmpq(0)] * len(self.masses)
        for head, value in self.values.items():
            if head not in idle and abs(value) > NOTHING:
                weights[head] = rational(value / self.masses[head])
        return weights

    def numbers(self) -> tuple[fmpq, ...]:
        """The dual numbers, cut back to sizes of at most 1."""
        found = [rational(y) for y in self.y]
        return tuple(max(fmpq(-1), min(fmpq(1), y)) for y in found)


def _entering(
    residual: list[arb], slopes: list[arb], active: list[int], excess: float
) -> int:
    """The row that becomes exact: where the sum of sizes stops falling."""
    held = set(active)
    meets = [
        (float((r / g).log()), i)
        for i, (r, g) in enumerate(zip(residual, slopes, strict=True))
        if i not in held and r * g > 0
    ]
    slope = 1 - excess
    for _, i in sorted(meets):
        slope += 2 * abs(float(slopes[i]))
        if slope >= 0:
            return i
    raise ArithmeticError("the sum of sizes falls without end")


def listed_lags(family: Family, lag: int) -> tuple[int, ...]:
    """The lags at which a programme looks: near ones all, far ones ever fewer."""
    start = family.first_lag
    near = list(range(start, start + 3 * lag + 40))
    far = np.geomspace(near[-1] + 1, FARTHEST[family], 30).astype(int)
    return (*near, *np.unique(far).tolist())


def _softmax(
    family: Family, lags: tuple[int, ...], rates: list[arb], counted: bool
) -> list[list[arb]]:
    """Rows of the softmax of every head at every listed lag.

    An exponential's row sums it over all lags up to the next listed one. A power's row
    is its value there, times as many lags if `counted`.
    """
    if family is LIN:
        ends = [*lags, 2 * lags[-1]]
        decays = [[(-r * lag).exp() for r in rates] for lag in ends]
        pairs = pairwise(decays)
        return [[a - b for a, b in zip(*rows, strict=True)] for rows in pairs]
    masses = [family.tail(rate) for rate in rates]
    counts = np.diff([*lags, 2 * lags[-1]]) if counted else np.ones(len(lags), int)
    logs = [arb(lag).log() for lag in lags]
    return [
        [int(n) * (-r * x).exp() / m for r, m in zip(rates, masses, strict=True)]
        for x, n in zip(logs, counts, strict=True)
    ]
