"""A figure to play with: what its page gets, and what is said elsewhere."""

import json

from bs4 import BeautifulSoup

from tapx.show.played import Played


def test_the_page_gets_the_data_and_the_picture():
    data = {"said": "</script> & <b>", "values": [1.5, -2e-9]}
    html = Played("moved-kernel", "fig-one", data)._repr_html_()
    (box,) = BeautifulSoup(html, "html.parser").find_all("div")
    assert (box["data-play"], box["data-picture"]) == ("moved-kernel", "fig-one")
    assert json.loads(box.script.string) == data


def test_elsewhere_a_sentence_stands_for_it():
    assert "can be moved" in repr(Played("moved-kernel", "fig-one", {}))
