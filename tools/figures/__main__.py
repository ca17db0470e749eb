"""Write the figures of the tutorial: ``python -m figures``."""

from __future__ import annotations

from pathlib import Path

from figures.tutorial import FIGURES

FOLDER = Path(__file__).parents[2] / "docs" / "tutorial" / "figures"

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, figure in FIGURES.items():
        (FOLDER / f"{name}.svg").write_text(figure().svg(), "utf-8")
