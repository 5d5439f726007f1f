"""Tests of one group are handed out as one."""

import pytest


@pytest.mark.xdist_group("one")
def test_a_group_is_part_of_the_name_by_which_tests_are_handed_out(request):
    if hasattr(request.config, "workerinput") and request.config.getvalue("loadgroup"):
        assert request.node.nodeid.endswith("@one")
