"""Rigorous intervals for norms and distances of kernels, infinite tails included.

Every result is a ball that contains the truth (:mod:`tapx.kernels.balls`).

The l1 norm over all lags rests on a fact about tails. For ``s >= S`` write the sum
as ``sum_j A_j x^(rate_j - rate_0)``, slowest decay first, with x in (0, 1]. If all
partial sums ``A_0 + ... + A_j`` have one sign, then so has the whole tail (summation
by parts), and its l1 norm is the absolute value of a closed form: a geometric sum
for exponentials, a Hurwitz zeta value for powers. Where the sign goes on changing at
very large lags, the zeros are isolated instead (:mod:`tapx.kernels.tails`).
"""

from __future__ import annotations

from flint import acb, arb, fmpq

from tapx.kernels import tails
from tapx.kernels.balls import PrecisionError, certified, settled
from tapx.kernels.family import LIN, LOG
from tapx.kernels.terms import Part, Signed, walk

# Lags summed one by one before isolating zeros, or, in mixed sums, giving up.
WALK = {LIN: 4096, LOG: 256, None: 65_536}


def ball(part: Part, lag: int) -> arb:
    """Ball of the value at ``lag``, at the present precision."""
    return Signed(part).at(lag)


def value(part: Part, lag: int, origin: int | None = None) -> float:
    """The value at ``lag`` as float64, right to 1e-17 or to 60 bits.

    Errors as `l1_distance`.
    """
    signed = Signed(part, origin=origin)

    def compute() -> arb | None:
        ball = signed.at(lag)
        return ball if ball.rad() < 1e-17 or ball.rel_accuracy_bits() > 60 else None

    bits = signed.cancellation_bits() + 128
    return float(settled(compute, bits, f"the value at lag {lag}").mid())


def inner(first: Part, second: Part) -> arb:
    """Ball of ``sum_s first(s) second(s)`` over all lags, at present precision.

    ValueError if the sum diverges (two powers with rates that sum to <= 1).
    """
    return _inner(Signed(first), Signed(second))


def _inner(f: Signed, g: Signed) -> arb:
    total = arb(0)
    for lag, weight in f.points.items():
        total += arb(weight) * g.at(lag)
    for lag, weight in g.points.items():
        total += arb(weight) * f.smooth(lag)
    for a, u in f.exponentials.items():
        for b, v in g.exponentials.items():
            total += arb(u * v) / (1 - arb(-a - b).exp())
        for b, v in g.powers.items():
            total += arb(u * v) * _polylogarithm(b, a)
    for a, u in f.powers.items():
        for b, v in g.exponentials.items():
            total += arb(u * v) * _polylogarithm(a, b)
        for b, v in g.powers.items():
            if a + b <= 1:
                raise ValueError(
                    f"powers with rates {float(a):g} and {float(b):g} have no finite "
                    "inner product: the rates must sum to more than 1"
                )
            total += arb(u * v) * arb(a + b).zeta()
    return total


def _polylogarithm(order: fmpq, rate: fmpq) -> arb:
    """``sum_{s>=1} s^(-order) exp(-rate s)``."""
    z = acb(arb(-rate).exp())
    return z.polylog(acb(arb(order))).real


def _refuse_slow(signed: Signed, least: fmpq, what: str) -> None:
    """Refuse powers whose norm is infinite."""
    for rate in signed.powers:
        if rate <= least:
            raise ValueError(f"rate {float(rate):g}: a power is {what} above {least}")


def l2_distance(kernel: Part, target: Part | None = None, digits: int = 12) -> arb:
    """Enclosure of the l2 distance over all lags ``s >= 0``; exact closed forms.

    For independent +-1 inputs its square is the mean squared error of the readout.
    ValueError if it is infinite (a power with rate <= 1/2).
    """
    signed = Signed(kernel, target)
    _refuse_slow(signed, fmpq(1, 2), "square summable only")

    def compute() -> arb:
        square = _inner(signed, signed)
        return arb(0) if square == 0 else square.sqrt()

    return certified(compute, digits, 2 * signed.cancellation_bits() + 128)


def l1_distance(
    kernel: Part,
    target: Part | None = None,
    digits: int = 12,
    origin: int | None = None,
) -> arb:
    """Enclosure of the l1 distance over all lags ``s >= 0``, tail included.

    For tokens in the unit ball it is exactly the worst error of the attention. With an
    origin the kernel is read from this adaptive lag (see `Signed`, also for errors),
    and the target is a delta or None. ValueError if the distance is infinite (a power
    with rate <= 1); PrecisionError if MAX_BITS bits do not give ``digits`` digits, if
    exponentials and powers together change sign at lags beyond the walk, or if rates
    are so near each other that no lag is seen from which on the sign is settled.
    """
    signed = Signed(kernel, target, origin)
    _refuse_slow(signed, fmpq(1), "summable over all lags only")
    # Zeros of slow powers lie at lags of hundreds of digits: start with more bits.
    bits = (4 if signed.powers else 1) * signed.cancellation_bits() + 128
    return certified(lambda: _l1(signed, digits), digits, bits)


def _l1(signed: Signed, digits: int) -> arb | None:
    """The l1 norm at the present precision; None if that does not suffice."""
    fast, slow = signed.scaled()
    family = None if fast and slow else LIN if fast else LOG
    rates = sorted(fast), sorted(slow)
    steps = walk([(r, fast[r]) for r in rates[0]], [(r, slow[r]) for r in rates[1]])
    end, total = WALK[family], arb(0)
    for lag, (value, *terms) in zip(range(end), steps, strict=False):
        if lag >= 1:
            exponentials, powers = zip(rates, terms, strict=True)
            tail = tails.constant_sign(exponentials, powers, lag)
            if tail is None and lag.bit_count() == 1:
                limit = total * arb(10) ** (-digits - 1)
                tail = tails.negligible(exponentials, powers, lag, limit)
            if tail is not None:
                return total + tail + signed.points_from(lag)
        total += abs(value + arb(signed.points.get(lag, fmpq(0))))
    if family is None:
        raise PrecisionError(
            f"exponentials against powers: the sign is not settled after {end} lags"
        )
    try:
        tail = tails.pieces(fast or slow, family, end)
    except tails.TooFar:
        first, second = sorted(fast or slow)[:2]
        raise PrecisionError(
            f"the sum may still change its sign at lags that are out of reach: its two "
            f"slowest rates, {float(first):g} and {float(second):g}, are only "
            f"{float(second - first):.0e} apart; spread them"
        ) from None
    return None if tail is None else total + tail + signed.points_from(end)
