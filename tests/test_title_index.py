"""What titles name, as the index and a search find it."""

import json
import re
import sys

import pytest
import small_site

sys.path.insert(0, str(small_site.EXTENSIONS))
import title_index


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Fixed memories (Theorem 3.1)", ["Theorem 3.1"]),
        (
            "Kernels that adapt (Lemmas F.2, F.3, F.5 and F.6)",
            ["Lemma F.2", "Lemma F.3", "Lemma F.5", "Lemma F.6"],
        ),
        ("Heavy tails (Experiment 4a)", ["Experiment 4a"]),
        ("Position functions (Sections 2 and G.1)", []),
        ("Expressible is not trainable", []),
    ],
)
def test_names_of_a_title(title, names):
    assert list(title_index.names(title)) == names


def test_a_search_is_given_them_whole(tmp_path):
    page = "# One (Lemmas F.1 and F.4)\n\n## Two (Theorem 9.9)\n"
    index = "# Start\n\n```{toctree}\none\ntwo\n```\n"
    done = small_site.build(tmp_path, "title_index", one=page, index=index)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "built" / "searchindex.js").read_text()
    found = json.loads(re.fullmatch(r"Search.setIndex\((.*)\)", text)[1])
    assert set(found["indexentries"]) == {"lemma f.1", "lemma f.4"}
    assert all(place[2] for (place,) in found["indexentries"].values())
