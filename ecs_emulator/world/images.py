"""Room: the image catalogue, the registries of the emulated world.

Lives here: which repository and tag exist, and how an image reference is read.
Never here: what becomes of a task whose image is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

FIRST_IMAGES: Mapping[str, tuple[str, ...]] = {
    "docker.io/library/nginx": ("alpine", "latest", "stable", "stable-alpine", "1.27", "1.29"),
    "docker.io/library/httpd": ("latest", "2.4", "2.4-alpine"),
    "docker.io/library/busybox": ("latest", "1.37"),
    "docker.io/library/alpine": ("latest", "3.22"),
    "docker.io/library/python": ("3.13-slim", "latest"),
    "docker.io/amazon/amazon-ecs-sample": ("latest",),
    "public.ecr.aws/nginx/nginx": ("alpine", "latest", "stable"),
    "public.ecr.aws/docker/library/nginx": ("alpine", "latest"),
}


@dataclass(frozen=True, slots=True)
class ImageReference:
    """A reference in full: nginx:alpine is docker.io/library/nginx with the tag alpine."""

    repository: str
    tag: str
    is_digest: bool = False

    @property
    def full(self) -> str:
        return f"{self.repository}{'@' if self.is_digest else ':'}{self.tag}"

    @classmethod
    def read(cls, text: str) -> ImageReference:
        """With a digest, a tag beside it counts for nothing."""
        name, separator, digest = text.partition("@")
        head, slash, last = name.rpartition("/")
        last, _, tag = last.partition(":")
        name = f"{head}{slash}{last}"
        host, slash, rest = name.partition("/")
        if not slash:
            name = f"docker.io/library/{name}"
        elif not ("." in host or ":" in host or host == "localhost"):
            name = f"docker.io/{host}/{rest}"
        return cls(name, digest or tag or "latest", is_digest=bool(separator))


_ECR = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/(.+)")


@dataclass(frozen=True, slots=True)
class EcrReference:
    """An image in a private ECR repository."""

    account: str
    region: str
    repository: str
    tag: str

    @property
    def repository_arn(self) -> str:
        return f"arn:aws:ecr:{self.region}:{self.account}:repository/{self.repository}"

    @classmethod
    def read(cls, image: ImageReference) -> EcrReference | None:
        """None for an image of another registry."""
        found = _ECR.fullmatch(image.repository)
        return cls(found[1], found[2], found[3], image.tag) if found else None


class Images:
    """What can be pulled: repository → tags. `PUT /_emulator/images` replaces it."""

    def __init__(self) -> None:
        self.tags: dict[str, set[str]] = {name: set(tags) for name, tags in FIRST_IMAGES.items()}

    def replace(self, catalogue: Mapping[str, list[str]]) -> None:
        """Take a new catalogue. Names are read as Docker reads them: nginx is Docker Hub's."""
        self.tags = {
            ImageReference.read(name).repository: {str(tag) for tag in tags}
            for name, tags in catalogue.items()
        }

    def has_repository(self, image: ImageReference) -> bool:
        return image.repository in self.tags

    def has(self, image: ImageReference) -> bool:
        """A digest exists if its repository does: the emulator does not keep digests."""
        if not self.has_repository(image):
            return False
        return image.is_digest or image.tag in self.tags[image.repository]

    def as_json(self) -> dict[str, list[str]]:
        return {name: sorted(tags) for name, tags in sorted(self.tags.items())}
