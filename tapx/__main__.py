"""``python -m tapx``: the commands of `tapx.cli`."""

from tapx.cli import main

if __name__ == "__main__":
    main(prog_name="python -m tapx")
