"""``python -m tapx``: list, show, run, rerun, check, claims, bench."""

from tapx.cli import main

if __name__ == "__main__":
    main(prog_name="python -m tapx")
