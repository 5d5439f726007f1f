"""Links to the glossary, which carry what the term means."""

import small_site

GLOSSARY = (
    "# Words\n\n```{glossary}\nhead\n  One weighting of\n  the past. {doc}`two`\n```\n"
)
INDEX = "# Start\n\nA {term}`head`.\n\n```{toctree}\nwords\ntwo\n```\n"


def test_a_link_to_a_term_says_what_it_means(tmp_path):
    done = small_site.build(tmp_path, "definitions", index=INDEX, words=GLOSSARY)
    assert done.returncode == 0, done.stderr
    (link,) = small_site.page(tmp_path, "index").select(".defined")
    assert link["title"] == "One weighting of the past."
    assert link["href"] == "words.html#term-head"
    assert not small_site.page(tmp_path, "words").select(".defined")
