import pytest

from tapx import bench, bench_parts


def test_agreement_is_within_the_promise():
    assert bench_parts.agreement()["difference"] <= 1e-10


def test_a_part_runs_in_its_own_process():
    found = bench.measure("agreement")
    assert found["difference"] <= 1e-10


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

    monkeypatch.setattr(bench, "measure", measure)
    ratio, memory = bench.against_dense()
    assert ratio["value"] == pytest.approx(0.5 * 100 / 25 / 1e-3)
    assert "25 rows measured, scaled to 100" in ratio["detail"]
    assert memory["passed"]


def test_a_cell_of_4a_trains():
    found = bench_parts.cell_4a(10)
    assert found["seconds"] > 0
    assert found["mse"] > 0


def test_last_position_step_is_quick():
    found = bench_parts.last_position_step()
    assert found["seconds"] < 0.05  # 2 ms on a free core
    assert found["peak_bytes"] > 0
