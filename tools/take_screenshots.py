"""Room: the pictures of the README.

Lives here: making docs/images anew from the real JupyterLab that tests/test_lab.py drives.
Never here: driving it. Whoever runs this looks at the pictures afterwards.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"


def main() -> int:
    """Write board-light.png, board-dark.png, rollback-light.png and rollback-dark.png."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    test = "tests/test_lab.py::test_the_board_is_watched_by_keyboard_until_the_rollback"
    command = [sys.executable, "-m", "pytest", "-q", test]
    asked = {**os.environ, "RUNBOOK_PICTURES": str(IMAGES)}
    code = subprocess.run(command, cwd=ROOT, env=asked, check=False).returncode
    for picture in sorted(IMAGES.glob("*.png")):
        print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size // 1024} KiB")
    return code


if __name__ == "__main__":
    sys.exit(main())
