import draw_runs
import pytest

from tapx.chapters import notebooks, parameters, profiles


@pytest.mark.parametrize("entry", notebooks.chapters(), ids=lambda entry: entry.id)
def test_every_draw_is_allowed_and_they_differ(entry):
    source = notebooks.load(entry.path)
    draws = [draw_runs.drawn(entry, number) for number in range(20)]
    for given in draws:
        profiles.values(source, entry, "smoke", given)  # refuses what is not allowed
    assert len({str(given) for given in draws}) >= 10
    met = {name for given in draws for name in given}
    assert len(met) >= min(len(parameters.of_notebook(source, entry.path.name)), 5)


@pytest.mark.parametrize(
    "wrong",
    [
        "ValueError: heads=0: give at least 1",
        "ValueError: unknown score 'tm'; did you mean 'tmx'? One of none, dot, tmx",
        "ValueError: width 9: 1 to 8 are allowed",
        "ValueError: digits 61: allowed are 0 to 60",
        "ValueError: radius must be above 0, not -1",
        "ValueError: 90 heads need weights beyond float64's range; take fewer",
        "ValueError: no network for lags (3, 2) within 0.001",
        "Refusal: parameter 'heads': 1 (type int, allowed: 2 to 64)",
        "ParametersError: parameter 'heads' is set twice",
        "PrecisionError: 4096 bits do not suffice for 12 digits",
        "ArithmeticError: the rule does not reach the error",
    ],
)
def test_what_is_refused(wrong):
    assert draw_runs.refused(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        "ValueError: measured is nan: allowed is a finite number",
        "ValueError: rounding -1.0: allowed is 0 or more; nearest is 0",
        "ValueError: negative dimensions are not allowed",
        "ValueError: max() arg is an empty sequence",
        "ValueError: no certificate on 9 lags: the solver gave up",
        "ValueError: a given array has no shape",
        "TypeError: memory lags are whole numbers, not 1.5; give 1",
        "ZeroDivisionError: give 1",
        "KeyError: 'give'",
        "IndexError: the nearest index is 2",
        "WitnessError: weights: the nearest is 1",
        "BrokenFile: book/profiles.yml: give a mapping",
        "took longer than 300 seconds",
        "no claims",
    ],
)
def test_what_is_a_break(wrong):
    assert not draw_runs.refused(wrong)
