"""The folder of a sweep: a run that is finished is there, one that is lost is said."""

import json
from dataclasses import asdict

import pytest

from tapx.chapters import sweeps
from tapx.chapters.sweep_folders import Order, SweepFolder
from tapx.checks import Refusal


@pytest.fixture
def folder(tmp_path):
    made = SweepFolder(tmp_path / "out")
    made.make()
    return made


ORDER = Order("k" * 24, "stub", "default", {"x": 1.0}, {"x": 1.0})


def test_a_run_that_cannot_be_moved_is_no_finished_run(folder):
    with folder.working(ORDER) as place:
        (folder.path / "runs").rmdir()
        (folder.path / "runs").write_text("a file in the way")
        with pytest.raises(OSError):
            folder.finish(place, ORDER)
    assert folder.look(ORDER) == ("waiting", {}, "")


def test_who_comes_second_leaves_the_first_alone(folder):
    with folder.working(ORDER) as place:
        (folder.run(ORDER.key)).mkdir()
        (folder.run(ORDER.key) / "first").touch()
        folder.finish(place, ORDER)
    assert [path.name for path in folder.run(ORDER.key).iterdir()] == ["first"]


def test_a_failure_is_kept_though_the_mark_of_life_is_gone(folder):
    with folder.working(ORDER) as place:
        (place / "alive").unlink()
        folder.fail(place, ORDER, "the reason")
    assert folder.state(ORDER) == "failed"
    assert folder.failure(ORDER.key)["error"] == "the reason"


PLAN = {"chapter": "stub", "profile": "default", "axes": {"x": [1.0]}}


@pytest.mark.parametrize(
    "change",
    [
        {"chapter": "../stub"},
        {"chapter": None},
        {"axes": [1]},
        {"axes": {"x": 1.0}},
        {"orders": 5},
        {"orders": [{"key": "k"}]},
        {"orders": [asdict(ORDER) | {"values": 5}]},
        {"orders": [asdict(ORDER) | {"key": 5}]},
    ],
    ids=str,
)
def test_a_plan_of_another_form_is_named(folder, change):
    path = folder.path / "sweeps" / "one.json"
    path.write_text(json.dumps({**PLAN, "orders": [asdict(ORDER)]}))
    assert sweeps.plans(folder)[0].orders == [ORDER]
    path.write_text(json.dumps({**PLAN, "orders": [asdict(ORDER)], **change}))
    with pytest.raises(Refusal, match=r"one\.json: is no plan of a sweep"):
        sweeps.plans(folder)


def test_a_folder_of_other_things_is_none_of_a_sweep(tmp_path):
    """Not even if one of them is called sweeps."""
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "stub.csv").write_text("mine")
    with pytest.raises(Refusal, match=r"no folder of sweeps \(it holds stub.csv"):
        SweepFolder(tmp_path).make()


def test_a_copy_may_lack_the_folders_that_were_empty(folder):
    (folder.path / "stub.csv").touch()
    for name in ("failed", "working"):
        (folder.path / name).rmdir()
    folder.make()
    assert (folder.path / "failed").is_dir()
