"""Variable projection for training: the weights are solved, the rates descend.

Golub and Pereyra (1973) eliminate the linear unknowns, here in the loop of training. In
each iteration the weights are those of least squares for the present rates, and the
logarithms of the rates take one step:

- "adam": along the gradient of what is left. By the envelope theorem that is the
  loss's gradient with the weights held fixed: at their least they do not count.
- "newton": Gauss and Newton's, damped after Levenberg and Marquardt, with Kaufman's
  derivative of the projected residual, ``-(1 - QQ') A_h' c_h``. A step that does not
  lower the error on the inputs at hand is not taken, and the damping grows.

Least squares is over all inputs (the exact loss), or over the batch at hand: answers
``y`` and features ``z_h = sum_s w_h(s) x_{t-s}``, which is what a training loop sees.
The arithmetic is float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tapx.checks import at_least, one_of
from tapx.experiments.memory.descent import Descent
from tapx.experiments.training import signs, stream
from tapx.kernels.family import Family
from tapx.kernels.fit import LOG_RATE_RANGE, design

STEPS = ("adam", "newton")

CUT = 1e-14
"""Singular values of the columns below this part of the largest count as zero."""

LEARNING_RATE = 0.01
"""Adam's, on the logarithms of the rates."""

BETAS = (0.9, 0.999)
"""Adam's means of the gradient and of its square, as torch sets them."""

LONGEST_STEP = 0.5
"""No logarithm of a rate moves further in one Newton step."""


@dataclass
class _State:
    """Least squares at one set of rates: what is left, and where it points."""

    left: np.ndarray  # residual on the inputs at hand
    moved: np.ndarray  # derivative of the fit in each log rate, weights held fixed
    basis: np.ndarray  # orthonormal columns of the features
    error: float  # exact squared distance from the target

    @property
    def loss(self) -> float:
        return float(self.left @ self.left)


def solve(columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Least-squares weights, each column scaled to length 1 first."""
    scale = _lengths(columns)
    return np.linalg.lstsq(columns / scale, values, rcond=CUT)[0] / scale


def _lengths(columns: np.ndarray) -> np.ndarray:
    """Of each column; 1 where it is zero."""
    lengths = np.linalg.norm(columns, axis=0)
    return np.where(lengths > 0, lengths, 1.0)


def descend_rates(
    rates: np.ndarray,
    values: np.ndarray,
    iterations: int,
    step: str = "newton",
    batch: int = 0,
    position: str = "lin",
    seeds: Sequence[int] = (0,),
    notes: Sequence[int] = (),
) -> Descent:
    """Train the rates, solve the weights; the ends are the rates' logarithms.

    Args:
        rates: (heads,) to start from, or one such row for each seed.
        values: (lags,) target at the lags 0, 1, 2, ...; what it is at lag 0 the
            residual connection adds, so that value does not matter.
        iterations: steps, at least 1.
        step: "newton" or "adam".
        batch: sequences in a batch, at least heads + 2, of a multiple of 8 lags; 0 for
            the exact loss.
        position: "lin" or "log".
        seeds: one run each, of its batches.
        notes: iterations after which the exact error is noted.

    Raises:
        ValueError: no iteration, an unknown name, or a batch too small to determine
            the weights.
    """
    one_of(step, STEPS, "step")
    start = np.log(np.broadcast_to(rates, (len(seeds), np.shape(rates)[-1])))
    at_least(1, iterations=iterations)
    least = start.shape[1] + 2
    if batch and batch < least:
        raise ValueError(
            f"batch={batch} for {least - 2} heads and the current token: the nearest "
            f"that determines their weights is {least}"
        )
    values = np.asarray(values, float)
    noted = {0, *(note for note in notes if note < iterations), iterations}
    history = {note: np.empty(len(seeds)) for note in sorted(noted)}
    ends = start.copy()
    for run, seed in enumerate(seeds):
        inputs = _Inputs(values, position, batch, seed)
        mover = _Adam() if step == "adam" else _Newton()
        for iteration in range(iterations + 1):
            inputs.draw()
            state = inputs.state(ends[run])
            if iteration in history:
                history[iteration][run] = state.error
            if iteration < iterations:
                ends[run] = mover.move(ends[run], state, inputs)
    return Descent(ends, history)


class _Inputs:
    """The inputs at hand: all of them, or one batch after the other."""

    def __init__(self, values: np.ndarray, family: str | Family, batch: int, seed: int):
        self.values, self.family, self.batch = values, family, batch
        self.lags = np.arange(1, len(values))
        self.stream = stream(seed)

    def draw(self) -> None:
        """The next batch."""
        if self.batch:
            tokens = signs(self.stream, self.batch, len(self.values)).numpy()
            self.now, self.tokens = tokens[:, :1], tokens[:, 1:].astype(float)
            self.answers = self.tokens @ self.values[1:]

    def state(self, log_rates: np.ndarray) -> _State:
        """Solve for the weights at these rates."""
        columns, slopes = design(log_rates, self.lags, self.family)
        features, answers, change = columns, self.values[1:], slopes
        if self.batch:
            # The residual connection gives the current token a weight of its own.
            features = np.hstack([self.tokens @ columns, self.now])
            answers, change = self.answers, self.tokens @ slopes
        found = solve(features, answers)
        left = features @ found - answers
        weights, at_zero = found[: len(log_rates)], found[len(log_rates) :].sum()
        error = float(((columns @ weights - self.values[1:]) ** 2).sum()) + at_zero**2
        basis = np.linalg.qr(features / _lengths(features))[0]
        return _State(left, change * weights, basis, error)


class _Adam:
    """Adam on the logarithms of the rates."""

    def __init__(self) -> None:
        self.steps = 0
        self.mean: np.ndarray | float = 0.0
        self.square: np.ndarray | float = 0.0

    def move(self, now: np.ndarray, state: _State, inputs: _Inputs) -> np.ndarray:
        """One step; `inputs` are not asked again."""
        gradient = 2 * (state.left @ state.moved) / max(inputs.batch, 1)
        self.steps += 1
        self.mean = self.mean + (1 - BETAS[0]) * (gradient - self.mean)
        self.square = self.square + (1 - BETAS[1]) * (gradient**2 - self.square)
        up = self.mean / (1 - BETAS[0] ** self.steps)
        down = np.sqrt(self.square / (1 - BETAS[1] ** self.steps)) + 1e-8
        return now - LEARNING_RATE * up / down


class _Newton:
    """Levenberg and Marquardt's step on the projected residual."""

    def __init__(self) -> None:
        self.damping = 1e-2

    def move(self, now: np.ndarray, state: _State, inputs: _Inputs) -> np.ndarray:
        """The step, or `now` if it does not lower the error on the inputs at hand."""
        change = state.moved - state.basis @ (state.basis.T @ state.moved)
        # The same damping for every rate. Scaled by each rate's own derivative, as
        # Marquardt has it, a head that hardly counts would run away for good.
        size = np.sqrt(self.damping) * np.linalg.norm(change, 2)
        rows = np.vstack([change, size * np.eye(len(now))])
        wanted = np.append(-state.left, np.zeros(len(now)))
        step = np.linalg.lstsq(rows, wanted, rcond=CUT)[0]
        step = np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        there = np.clip(now + step, *LOG_RATE_RANGE)
        if inputs.state(there).loss < state.loss:
            self.damping = max(self.damping / 3, 1e-14)
            return there
        self.damping = min(self.damping * 4, 1e6)
        return now
