"""Enclosures contain the truth: against brute force and against higher precision."""

import contextlib
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import assume, given
from hypothesis import strategies as st
from made_decays import summed

from tapx.kernels import balls, distances, tails
from tapx.kernels.balls import certified, lower, upper
from tapx.kernels.distances import l1_distance, l2_distance
from tapx.kernels.family import LOG
from tapx.kernels.kernel import Delta, Kernel
from tapx.kernels.proofs import bump
from tapx.kernels.solve import interpolation

weights = st.fractions(-9, 9, max_denominator=20)
fast = st.fractions(Fraction(1, 2), 5, max_denominator=30)
steep = st.fractions(Fraction(5, 2), 9, max_denominator=30)
# Apart in rate and not apart in weight, so that no sign turns after a thousand lags.
halves = st.sampled_from([Fraction(n, 2) for n in range(5, 19)])
large = st.fractions(Fraction(1, 2), 9, max_denominator=20)
large = st.one_of(large, large.map(lambda weight: -weight))


def drawn(family, rates, weights):
    terms = st.dictionaries(rates, weights, min_size=1, max_size=5)
    return st.tuples(st.just(family), terms)


exponentials = drawn("exponential", fast, weights)
powers, apart = drawn("power", steep, weights), drawn("power", halves, large)
deltas = st.integers(1, 9)
pairs = st.one_of(
    st.tuples(exponentials, deltas | exponentials),
    st.tuples(powers, deltas | powers),
    st.tuples(exponentials, apart),
    st.tuples(apart, exponentials),
)
mixed = st.tuples(exponentials, powers) | st.tuples(powers, exponentials)


def made(one):
    """The kernel of what was drawn: strategies must not call what checks its types."""
    if isinstance(one, int):
        return Delta(one)
    family, terms = one
    return Kernel.of(family, tuple(terms), tuple(terms.values()))


def brute(kernel, target, order, lags):
    """Sum over the first lags in plain float64."""

    def at(part):
        return lags == part.lag if isinstance(part, Delta) else summed(part, lags)

    return (np.abs(at(kernel) - at(target)) ** order).sum() ** (1 / order)


@contextlib.contextmanager
def unless_unsettled():
    """Passes over a pair of which it is not found out when its sign settles."""
    try:
        yield
    except balls.PrecisionError:
        assume(False)


@given(pairs)
def test_distances_agree_with_brute_force(pair):
    compare_with_brute_force(*map(made, pair))


@given(mixed)
def test_distances_of_two_families_agree_with_brute_force(pair):
    with unless_unsettled():
        compare_with_brute_force(*map(made, pair))


def compare_with_brute_force(kernel, target):
    lags = np.arange(4000.0)
    for order, distance in ((1, l1_distance), (2, l2_distance)):
        enclosure = distance(kernel, target)
        # Beyond lag 4000 the slowest power, 9 s^(-5/2) five times over, sums to 2e-4.
        tail = 2e-4 if order == 1 else 1e-4
        direct = brute(kernel, target, order, lags)
        assert direct <= upper(enclosure) + 1e-9
        assert lower(enclosure) <= direct + tail


@given(pairs)
def test_fewer_digits_enclose_more_digits(pair):
    compare_digits(*map(made, pair))


@given(mixed)
def test_fewer_digits_enclose_more_digits_of_two_families(pair):
    with unless_unsettled():
        compare_digits(*map(made, pair))


def compare_digits(kernel, target):
    for distance in (l1_distance, l2_distance):
        rough, fine = distance(kernel, target, 6), distance(kernel, target, 40)
        assert rough.overlaps(fine)
        assert fine.rel_accuracy_bits() > 130 or fine == 0


@given(st.integers(0, 6), st.integers(2, 8))
def test_interpolation_tails_against_higher_precision(lag, heads):
    rates = [Fraction(k + 1, 4) for k in range(heads)]
    kernel = interpolation(rates, Delta(lag), "exponential")
    exact = l1_distance(kernel, Delta(lag), 60)
    assert upper(kernel.l1_error) >= lower(exact)
    assert lower(kernel.l1_error) <= upper(exact)


def test_slow_powers_agree_with_one_by_one_summation(monkeypatch):
    # The same tail, its zeros isolated from lag 4 on and from lag 256 on.
    kernel = bump(3, 6, "power", alpha=Fraction(1, 5), gamma=Fraction(1, 2))
    late = l1_distance(kernel, kernel.target)
    monkeypatch.setitem(distances.WALK, LOG, 5)
    assert l1_distance(kernel, kernel.target).overlaps(late)


def test_pieces_by_hand():
    with balls.precision(200):
        far = tails.pieces({fmpq(2): arb(1), fmpq(3): arb(-100)}, LOG, 10)
    direct = np.abs(np.arange(10, 2e6) ** -2.0 - 100 * np.arange(10, 2e6) ** -3.0).sum()
    assert float(far.mid()) == pytest.approx(direct + 1 / 2e6, rel=1e-6)


@pytest.mark.parametrize("power", [2, 3, 4, 8, 15])
def test_rates_next_to_each_other_are_quick(power):
    """s^-(1+e) - 3 s^-(1+2e), whose last zero has 3 / e digits."""
    e = Fraction(1, 10**power)
    found = l1_distance(Kernel.of("power", (1 + e, 1 + 2 * e), (1, -3)))
    # Integrals: (s^-e - 3/2 s^-2e) / e is extremal at s^-e = 1/3, and nearly there the
    # sum differs from it by what s <= 10 or so add, which is of order 1.
    assert float(e) * float(found.mid()) == pytest.approx(5 / 6, abs=2 * float(e))


@pytest.mark.parametrize("lag", [2, 300, 5000])
@pytest.mark.parametrize("digits", [12, 40, 100])
def test_a_zero_exactly_at_a_lag_has_all_digits(lag, digits):
    kernel = Kernel.of("power", (2, 4), (1, -(lag**2)))
    found = l1_distance(kernel, digits=digits)
    with balls.precision(600):
        far = [arb(p).zeta(arb(lag + 1)) for p in (2, 4)]
        whole = [arb(p).zeta() for p in (2, 4)]
        tail = far[0] - lag**2 * far[1]
        expected = 2 * tail - (whole[0] - lag**2 * whole[1])
        assert found.overlaps(expected)
    assert found.rel_accuracy_bits() > digits * 3.3


def test_a_whole_number_of_numpy_is_one():
    assert balls.whole(np.int64(2), "origin") == 2


def test_mixed_signs_that_do_not_settle_are_refused(monkeypatch):
    monkeypatch.setitem(distances.WALK, None, 64)
    slow = Kernel.of("exponential", (Fraction(1, 10**4),), (1,))
    with pytest.raises(balls.PrecisionError, match="not settled after 64 lags"):
        l1_distance(slow, Kernel.of("power", (2,), (1,)))


def test_precision_is_raised_until_it_suffices_or_refused(monkeypatch):
    seen = []

    def compute():
        from flint import ctx

        seen.append(ctx.prec)
        return (1 + arb(2) ** -300) - 1

    assert certified(compute, 20).rel_accuracy_bits() > 66
    assert seen == [128, 256, 512]
    monkeypatch.setattr(balls, "MAX_BITS", 256)
    with pytest.raises(balls.PrecisionError, match="20 digits"):
        certified(compute, 20)


@given(st.floats(-1e300, 1e300), st.floats(0, 1e-3))
def test_edges_are_rounded_outwards(middle, relative):
    ball = arb(middle, abs(middle) * relative)
    assert arb(lower(ball)) <= ball.lower()
    assert arb(upper(ball)) >= ball.upper()


def test_the_square_of_a_ball_around_zero_is_a_ball():
    """Flint's own power gives NaN there, which a proof would take for no bound."""
    around = arb(0, 1e-30)
    assert balls.square(around).is_finite()
    assert balls.square(around).contains(0)
    assert balls.square(arb(3)) == 9
