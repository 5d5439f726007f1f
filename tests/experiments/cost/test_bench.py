import inspect
import os
import re
import sys
import types

import pytest
import torch

from tapx.experiments.cost import bench, bench_parts, rivals
from tapx.limits import finders


def test_agreement_is_within_the_promise_in_a_process_of_its_own():
    assert bench.measure("agreement")["difference"] <= 1e-10


def test_every_part_that_the_benchmark_asks_for_is_there():
    asked = re.findall(r'measure\("(\w+)"', inspect.getsource(bench))
    assert "agreement" in asked
    assert all(hasattr(bench_parts, part) for part in asked)


def test_a_failing_part_is_reported():
    with pytest.raises(RuntimeError, match="no_such_part failed"):
        bench.measure("no_such_part")


@pytest.mark.parametrize(
    ("value", "relation", "passed"),
    [(2.0, ">=", True), (0.5, ">=", False), (1.0, "<", False), (1.0, "<=", True)],
)
def test_rows_carry_their_verdict(value, relation, passed):
    row = bench.row("a", value, "s", relation, 1)
    assert row["passed"] is passed
    assert row["target"] == f"{relation} 1"


def test_a_batch_that_does_not_fit_is_halved_and_scaled(monkeypatch):
    def measure(part, *rows):
        if part == "last_position_step":
            return {"seconds": 1e-3, "peak_bytes": 2**28}
        if rows[0] > 30:
            raise RuntimeError("out of memory")
        return {"seconds": 0.5, "peak_bytes": 2**30, "difference": 0.0}

    monkeypatch.setitem(sys.modules, "x_transformers", types.ModuleType("x"))
    monkeypatch.setattr(bench, "measure", measure)
    ratio, memory = bench.against_dense()
    assert ratio["value"] == pytest.approx(0.5 * 100 / 25 / 1e-3)
    assert "25 rows measured, scaled to 100" in ratio["detail"]
    assert memory["passed"]


def test_a_cell_of_4a_trains():
    found = bench_parts.cell_4a(10)
    assert found["seconds"] > 0
    assert found["mse"] > 0


def test_plain_torch_computes_the_same():
    found = bench_parts.against_plain(3, 20, 1, 1)
    ways = rivals.PlainRival.WAYS
    assert set(found["differences"]) == set(ways)
    assert max(found["differences"].values()) <= 1e-5
    assert set(found["seconds"]) == {"last", *ways, "embedding", "pooling"}
    assert min(found["seconds"].values()) > 0
    # Values of all tokens, heads and inputs are held by a rival and not by us.
    assert found["held"]["last"] < 4 * 3 * 20 * 8 * 4 <= found["held"]["sum"]


@pytest.mark.parametrize("way", rivals.PlainRival.WAYS)
def test_plain_torch_has_the_same_gradients(way):
    ours = rivals.network().double()
    x, _ = bench_parts._data(3, 50)
    rival = rivals.PlainRival(ours, way)
    for answer in (ours(x.double(), "last"), rival(x.double())):
        answer.square().sum().backward()
    for name in ("embedding", "slopes", "value", "output"):
        mine = getattr(ours if name == "embedding" else ours.attentions[0], name).grad
        assert torch.allclose(mine, getattr(rival, name).grad, rtol=1e-10, atol=1e-14)


def test_another_network_is_not_compared(monkeypatch):
    forward = rivals.PlainRival.forward
    monkeypatch.setattr(
        *(rivals.PlainRival, "forward"),
        lambda self, x: forward(self, x) * (1 + 1e-4),
    )
    with pytest.raises(ValueError, match="another network"):
        bench_parts.against_plain(3, 20, 1, 1)


def test_rows_against_plain_torch_state_their_aims(monkeypatch):
    names = ("last", *rivals.PlainRival.WAYS, "embedding", "pooling")
    found = {
        "seconds": dict(zip(names, (2e-3, 6e-2, 0.11, 0.09, 4e-4, 5e-5), strict=True)),
        "held": dict.fromkeys(names, 2**20),
        "differences": dict.fromkeys(rivals.PlainRival.WAYS, 1e-7),
        "sizes": (100, 1000, 8, 4),
    }
    monkeypatch.setattr(bench, "measure", lambda part: found)
    plain, fused, read = bench.against_plain()
    assert (plain["value"], plain["target"]) == (pytest.approx(30), ">= 10")
    assert (fused["value"], fused["target"]) == (pytest.approx(55), ">= 50")
    assert "without keys, which do nothing here, 45.0 times" in fused["detail"]
    assert (read["value"], read["target"]) == (pytest.approx(5), "<= 8")
    assert "40 times less" in read["detail"]
    assert all(one["passed"] for one in (plain, fused, read))
    found["seconds"]["last"] = 8e-3
    assert not any(one["passed"] for one in bench.against_plain())


def test_witnesses_are_checked_and_nothing_is_searched(monkeypatch):
    chosen = finders.select(["powers/exponential-for-power2"])[:1]
    monkeypatch.setattr(finders, "select", lambda names: chosen)
    monkeypatch.setenv("TAPX_FOUND", "improve")
    found = bench_parts.check_witnesses()
    assert found["count"] == 1
    assert found["seconds"] >= 0
    assert os.environ["TAPX_FOUND"] == "require"


def test_a_wrong_witness_stops_the_benchmark(monkeypatch):
    (entry,) = finders.select(["powers/exponential-for-power2"])[:1]
    monkeypatch.setattr(finders, "select", lambda names: [entry])
    monkeypatch.setitem(finders.KINDS, entry["kind"], lambda entry: 1 / 0)
    monkeypatch.setenv("TAPX_FOUND", "")
    with pytest.raises(ZeroDivisionError):
        bench_parts.check_witnesses()


def test_the_row_of_the_witnesses(monkeypatch):
    found = {"count": 657, "seconds": 34.5}
    monkeypatch.setattr(bench, "measure", lambda part: found)
    (row,) = bench.witnesses()
    assert row["passed"] and row["target"] == "< 60"
    assert "657 witnesses" in row["detail"]


def test_last_position_step_is_quick():
    found = bench_parts.last_position_step()
    assert found["seconds"] < 0.05  # 2 ms on a free core
    assert found["peak_bytes"] > 0


def test_evaluations_and_their_floors_are_timed():
    found = bench_parts.evaluations_over_floors(6, 1)
    assert set(found) == {"fft", "recurrence"}
    for seconds in found.values():
        assert {"floor", "softmax", "TMX, gradients"} < set(seconds)
        assert min(seconds.values()) > 0


def test_a_cell_in_parts_and_a_step_over_its_reading():
    cell = bench_parts.cell_over_tokens(10, 1)
    assert cell["iteration"] > cell["tokens"] > 0
    step = bench_parts.last_over_read(4, 20, 1)
    assert step["step"] > step["forward"] > 0


def test_rows_of_the_floors_state_their_aims(monkeypatch):
    kinds = ("softmax", "no denominator", "TMX")
    each = dict(zip(kinds, (4.0, 3.0, 12.0), strict=True))
    each |= {f"{kind}, gradients": 20.0 for kind in kinds}
    parts = ("tokens", "products", "heads", "kernel", "optimiser")
    found = {
        "evaluations_over_floors": {
            "fft": each | {"floor": 1.0},
            "recurrence": each | {"floor": 2.0},
        },
        "last_over_read": {"step": 3.0, "forward": 1.0, "read": 1.0},
        "cell_over_tokens": {"iteration": 6.0} | dict.fromkeys(parts, 1.0),
    }
    monkeypatch.setattr(bench, "measure", lambda part, *given: found[part])
    fft, recurrence, last = bench.floors()
    (cell,) = bench.cell_parts()
    assert (fft["value"], fft["target"], fft["passed"]) == (4, "<= 5", True)
    # Of softmax and TMX the slower.
    assert (recurrence["value"], recurrence["target"]) == (6, "<= 10")
    assert (last["value"], last["target"]) == (3, "<= 4")
    assert (cell["value"], cell["passed"]) == (3, False)
