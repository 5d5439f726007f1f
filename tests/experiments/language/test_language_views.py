"""Tables and figures of the language experiments."""

from made_outcomes import BASE, DEEP, language

from tapx.experiments.language import views
from tapx.experiments.outcomes import Outcomes

ROWS = Outcomes(
    language(cell, seed, loss)
    for cell, losses in ((BASE, {1: 3.1, 0: 3.0}), (DEEP, {0: 2.5, 1: 2.8}))
    for seed, loss in losses.items()
)
BOTH = {"depth": [BASE, DEEP], "heads": [BASE, DEEP]}
WORDS = {"depth": "more layers", "heads": "more heads"}


def test_table():
    table = views.loss_table(ROWS, BOTH, "bpe", "losses", with_gains=True)
    assert table.head[-1] == "gain"
    assert table.rows[0][-1] == "–" and table.rows[1][-1] == "+0.400"
    assert table.rows[1][:4] == ["depth", "2", "1", "99"]
    assert table.rows[1][4:6] == ["2.650", "2.500 to 2.800"]
    assert "gain" not in views.loss_table(ROWS, BOTH, "bpe", "losses").head
    lost = Outcomes([language(BASE, 0, 3.0), language(DEEP, 0, None)])
    table = views.loss_table(lost, BOTH, "bpe", "losses", with_gains=True)
    assert table.rows[1][4:] == ["diverged", "1 diverged", "diverged"]


def test_curves():
    lost = Outcomes([language(DEEP, 0, None), language(DEEP, 1, 2.0)])
    figure = views.draw_losses(
        {"one": {"base": ROWS.of(BASE), "deep": lost}}, 10, {"unigram": 5.0}
    )
    (axes,) = figure.axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["base", "deep (1 diverged)"]
    assert "5" not in labels and len(axes.lines) == 3
    assert list(axes.lines[1].get_xdata()) == [0.2]


def test_gains():
    figure = views.draw_gains(ROWS, {"all": ("bpe", BOTH)}, WORDS)
    titles = [figure.axes[0].get_title(place) for place in ("left", "center")]
    assert "all" in titles
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert labels == ["more layers", "more heads"]


def test_text_and_parts():
    figure = views.draw_text({"one": "a $ b " * 40, "two": ""})
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[0] == "one" and "$" in texts[1] and texts[2] == "two"
    figure.canvas.draw()
    parts = {"embedding": 1000, "attention": 2000, "feed_forward": 3000}
    figure = views.draw_parts({"base": parts})
    assert [bar.get_width() for bar in figure.axes[0].patches] == [1, 2, 3]
