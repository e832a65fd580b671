"""python -m ui.site --out FOLDER: the static site."""

import argparse
import sys
from pathlib import Path

from models.commands import DONE, run_command


def main() -> int:
    """Build the site; print where it is and how to look at it."""
    parser = argparse.ArgumentParser("python -m ui.site", description=__doc__)
    parser.add_argument(
        "--out", required=True, metavar="FOLDER", type=Path, help="where the site goes; an older one there is replaced"
    )
    parser.add_argument("--graphs", metavar="FOLDER", type=Path, help="keeps the networks’ graphs for later builds")
    return run_command(run, parser.parse_args(), parser.prog)


def run(arguments: argparse.Namespace) -> int:
    """Run the build, whose slow import waits until the arguments are parsed."""
    from ui.site.build import build, size_of

    out = build(arguments.out, arguments.graphs)
    print(
        f"{out}  {size_of(out) / 1e6:.0f} MB; look at it with: {Path(sys.executable).name} -m http.server --directory {out}"
    )
    return DONE


if __name__ == "__main__":
    sys.exit(main())
