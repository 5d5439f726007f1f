"""The folder of a sweep: a run that is finished is there, one that is lost is said."""

import pytest

from tapx.chapters.sweep_folders import Order, SweepFolder


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
