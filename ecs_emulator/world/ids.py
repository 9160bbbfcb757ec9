"""Room: ids and chance.

Lives here: every id that AWS would mint and every draw that AWS would leave to chance, all from one
seed. Same seed and same story, same text.
Never here: what an id belongs to.
"""

from __future__ import annotations

import random
import string

_VERSION_AND_VARIANT = 0xF000 << 64 | 0xC000 << 48
_OF_VERSION_4 = 0x4000 << 64 | 0x8000 << 48
_URL_SAFE = string.digits + string.ascii_letters + "-_"


class Ids:
    """One stream of chance for each purpose, so that a new draw in one place moves no other."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, random.Random] = {}

    def _stream(self, purpose: str) -> random.Random:
        if purpose not in self._streams:
            self._streams[purpose] = random.Random(f"{self.seed}/{purpose}")
        return self._streams[purpose]

    def between(self, purpose: str, low: float, high: float) -> float:
        """A draw from `low` to `high`, to the millisecond."""
        return round(self._stream(purpose).uniform(low, high), 3)

    def hexadecimal(self, purpose: str, digits: int = 32) -> str:
        """A task id has 32 of them."""
        return f"{self._stream(purpose).getrandbits(4 * digits):0{digits}x}"

    def number(self, purpose: str, digits: int = 19) -> str:
        """A deployment id is ecs-svc/ and 19 digits; a service revision's id has 19 too."""
        stream = self._stream(purpose)
        return str(stream.randrange(10 ** (digits - 1), 10**digits))

    def url_safe(self, purpose: str, length: int = 21) -> str:
        """A service deployment's id has 21 of them: NCWGC2ZR-taawPAYrIaU5."""
        stream = self._stream(purpose)
        return "".join(stream.choice(_URL_SAFE) for _ in range(length))

    def uuid(self, purpose: str) -> str:
        """Version 4, as `uuid.UUID(int=…, version=4)` would write it, in a third of the time."""
        bits = self._stream(purpose).getrandbits(128)
        bits = bits & ~_VERSION_AND_VARIANT | _OF_VERSION_4
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
