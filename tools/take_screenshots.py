"""Room: the pictures of the README.

Lives here: making docs/images anew from the real JupyterLab that tests/browser/test_lab.py drives.
Never here: driving it (tests/support/learner.py). Whoever runs this looks at the pictures then.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"


def main() -> int:
    """Write board, rollback, form, card, inbox and exercise, each as -light.png and -dark.png."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    test = "tests/browser/test_lab.py::test_a_learner_walks_from_the_start_to_the_review"
    command = [sys.executable, "-m", "pytest", "-q", test]
    asked = {**os.environ, "RUNBOOK_PICTURES": str(IMAGES)}
    code = subprocess.run(command, cwd=ROOT, env=asked, check=False).returncode
    for picture in sorted(IMAGES.glob("*.png")):
        print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size // 1024} KiB")
    return code


if __name__ == "__main__":
    sys.exit(main())
