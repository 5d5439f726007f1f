"""What every test needs: one thread, no window, nothing of the user's, fixed draws."""

import os
import re
import signal
import sys

import hypothesis
import jaxtyping
import pytest
from _pytest.nodeid import coerce_node_id

# Tests in the background of a shell ignore Ctrl-C, and so would all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHAPE = re.compile(r"\b(Bool|Complex|Float|Int)\[")
_with_shapes = jaxtyping.jaxtyped


def _checked(*, typechecker):
    """As jaxtyping checks a function, with less ado where there are no shapes.

    Pytest's option puts this on every function and class of tapx. To keep the sizes
    that a call's shapes name costs more than most calls do, so it is left to functions
    with shapes. One that is made within another would be compiled at every call of the
    other, and is left alone.
    """

    def check(thing):
        if "<locals>" in thing.__qualname__:
            return thing
        hints = getattr(thing, "__annotations__", {}).values()
        shapes = isinstance(thing, type) or any(SHAPE.search(str(x)) for x in hints)
        # jaxtyping passes over hints that only type checkers import.
        if shapes or "TYPE_CHECKING" in thing.__globals__:
            return _with_shapes(thing, typechecker=typechecker)
        return typechecker(thing)

    return check


jaxtyping.jaxtyped = _checked  # before tapx is imported

# tapx sets the thread counts in the environment, which must happen before torch.
import tapx  # noqa: E402

os.environ["MPLBACKEND"] = "agg"
os.environ["MATPLOTLIBRC"] = os.devnull  # matplotlib's own defaults, not the user's

hypothesis.settings.register_profile(
    "tapx", deadline=None, derandomize=True, max_examples=25, print_blob=True
)
hypothesis.settings.load_profile("tapx")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Tests of one group run in one process, and share what is dear to make.

    pytest-xdist 3.8 puts the group's name where pytest 9.2 no longer looks for it.
    """
    for item in items:
        if with_group := vars(item).get("_nodeid"):
            item._id = coerce_node_id(with_group)


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Keep torch to one thread, whatever the machine."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    assert tapx.__version__


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The folder of the book's pages, and how many seconds they took."""
    import published_site  # reads the book, and so tapx

    return published_site.build(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def site(built):
    """The folder of the book's pages."""
    return built[0]


@pytest.fixture(scope="module")
def browser():
    """A browser to look at the pages with."""
    from browsing import chromium  # only these tests need Playwright

    with chromium() as found:
        yield found


@pytest.fixture(params=["lin", "log"])
def position(request):
    """The paper's two position functions, for tests that both must pass."""
    return request.param


@pytest.fixture(params=["exponential", "power"])
def family(request):
    """The two families of heads, for tests that both must pass."""
    return request.param


@pytest.fixture(autouse=True)
def _no_figure_stays_open():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
