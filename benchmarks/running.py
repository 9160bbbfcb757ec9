"""Room: running the benchmarks and keeping what they found.

Lives here: which benchmarks there are, choosing among them, the machine, the files of results.
Never here: what is measured.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.measurement import Measurement, table

MODULES = (
    "imports",
    "first_answer",
    "throughput",
    "scale",
    "growth",
    "following",
    "fleet",
    "memory",
    "first_result",
    "walk",
)
"""In this order: the shortest first."""
RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("boto3", "ipykernel", "moto", "pandas", "papermill", "uvicorn")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`name` is what -k looks for. `run(rounds)` measures every side so often, in turn."""

    name: str
    run: Callable[[int], Sequence[Measurement]]


def all_benchmarks() -> list[Benchmark]:
    """What every module of MODULES lists."""
    modules = (import_module(f"benchmarks.{name}") for name in MODULES)
    return [each for module in modules for each in module.BENCHMARKS]


def chosen(benchmarks: Sequence[Benchmark], word: str) -> list[Benchmark]:
    """Those whose name contains the word."""
    return [each for each in benchmarks if word in each.name]


def interleaved(rounds: int, *sides: Callable[[], float]) -> list[list[float]]:
    """Measure the sides in turn, A B A B: what slows the machine down meets all of them."""
    samples: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, found in zip(sides, samples, strict=True):
            found.append(side())
    return samples


def run(
    benchmarks: Sequence[Benchmark], rounds: int, say: Callable[[str], None]
) -> Iterator[Measurement]:
    for each in benchmarks:
        say(f"{each.name} …")
        yield from each.run(rounds)


def machine() -> dict[str, Any]:
    """What the numbers depend on. No names of hosts or people."""
    model = [line for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = [line for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    return {
        "architecture": platform.machine(),
        "cpu": model[0].partition(":")[2].strip() if model else platform.processor(),
        "cores": os.cpu_count(),
        "memory": memory[0].partition(":")[2].strip() if memory else "",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the benchmarks. `loads` are the machine's load averages on the way."""

    began: datetime
    command: str
    machine: dict[str, Any]
    loads: tuple[float, ...]
    rows: tuple[Measurement, ...]

    @property
    def name(self) -> str:
        """2026-01-05-x86_64-2cpu"""
        about = self.machine
        return f"{self.began:%Y-%m-%d}-{about['architecture']}-{about['cores']}cpu"

    def as_json(self) -> dict[str, Any]:
        return {
            "began": self.began.isoformat(timespec="seconds"),
            "command": self.command,
            "machine": self.machine,
            "load_average": {
                "median": statistics.median(self.loads),
                "highest": max(self.loads),
            },
            "rows": [each.as_json() for each in self.rows],
        }

    def as_markdown(self) -> str:
        about = self.machine
        missed = [each for each in self.rows if not each.met]
        notes = [f"- {each.what}: {each.note}" for each in self.rows if each.note]
        commands = dict.fromkeys(f"- {each.what}: `{each.command}`" for each in self.rows)
        return "\n".join(
            [
                f"# Benchmarks, {self.began:%Y-%m-%d}",
                "",
                f"`{self.command}` on {about['cpu']}, {about['cores']} cores, {about['memory']},",
                f"{about['system']}, Python {about['python']}. Load average meanwhile: median",
                f"{statistics.median(self.loads):.1f}, highest {max(self.loads):.1f}.",
                f"{len(self.rows) - len(missed)} of {len(self.rows)} targets are met.",
                "",
                table(self.rows),
                "",
                "Every pair was measured in turn (A B A B); shown are the median and the extremes,",
                "and the median of the ratios pair by pair.",
                "",
                *notes,
                "",
                "## Commands",
                "",
                *commands,
                "",
            ]
        )


def write(found: Run, folder: Path = RESULTS) -> list[Path]:
    """`<date>-<machine>.json`, and the same to read as `latest.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    as_json, as_markdown = folder / f"{found.name}.json", folder / "latest.md"
    text = json.dumps(found.as_json(), indent=2, ensure_ascii=False) + "\n"
    as_json.write_text(text, encoding="utf-8")
    as_markdown.write_text(found.as_markdown(), encoding="utf-8")
    return [as_json, as_markdown]
