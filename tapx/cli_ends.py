"""How a command ends: one line and a status, whatever stood in its way."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any, NoReturn

import click

from tapx.chapters.interrupts import sigterm_interrupts
from tapx.checks import Refusal


class Refusing(click.Group):
    """Turns a refusal, a broken file and an interrupt into one line and a status."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Print what the output's encoding lacks by its number, and never raise."""
        with contextlib.suppress(AttributeError, ValueError):  # closed, or not a stream
            sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        return super().main(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            with sigterm_interrupts():
                return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            fail("; ".join(filter(None, ("interrupted", str(stop)))), 130)
        except Refusal as refusal:
            fail(f"refused: {refusal}", 2)
        except ValueError as error:
            fail(f"error: {error}")
        except BrokenPipeError:
            raise  # whoever read has enough: click ends without a word
        except OSError as error:
            _discard_output()
            place = f": {_printable(error.filename)}" if error.filename else ""
            fail(f"error: {error.strerror or error}{place}", 2)


def echo_json(data: list[dict[str, Any]]) -> None:
    """Print JSON that can be read back in the output's encoding."""
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(data, indent=2, allow_nan=False)
    click.echo(text)


def fail(message: str, status: int = 1) -> NoReturn:
    """Say what went wrong on standard error, and end."""
    click.echo(message, err=True)
    sys.exit(status)


def _printable(name: Any) -> str:
    return str(name) if str(name).isprintable() else repr(name)


def _discard_output() -> None:
    """Say nothing more on standard output, where it is what could not be written."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
