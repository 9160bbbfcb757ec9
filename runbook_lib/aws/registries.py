"""Room: can an image be pulled?

Lives here: reading an image reference, and asking a registry for it over the OCI distribution API.
Never here: what follows from the answer; private ECR repositories (reading asks ECR).

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

import urllib3

DOCKER_HUB = "docker.io"
_HUB_HOST = "registry-1.docker.io"
_ECR = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_PATIENCE = urllib3.Timeout(connect=5.0, read=10.0)


@dataclass(frozen=True, slots=True)
class Image:
    """A reference in full: nginx:alpine is the tag alpine of library/nginx at docker.io.

    `reference` is the tag or the digest.
    """

    host: str
    repository: str
    reference: str

    @property
    def is_in_private_ecr(self) -> bool:
        return _ECR.fullmatch(self.host) is not None

    @property
    def ecr_region(self) -> str:
        found = _ECR.fullmatch(self.host)
        return found[2] if found else ""

    @property
    def ecr_account(self) -> str:
        found = _ECR.fullmatch(self.host)
        return found[1] if found else ""

    @classmethod
    def read(cls, text: str) -> Image:
        """As Docker reads it. With a digest, a tag beside it counts for nothing."""
        name, at, digest = text.partition("@")
        head, slash, last = name.rpartition("/")
        last, _, tag = last.partition(":")
        host, _, rest = f"{head}{slash}{last}".partition("/")
        if not rest:
            return cls(DOCKER_HUB, f"library/{host}", digest or tag or "latest")
        if "." not in host and ":" not in host and host != "localhost":
            host, rest = DOCKER_HUB, f"{host}/{rest}"
        return cls(host, rest, digest if at else tag or "latest")

    def tagged(self, tag: str) -> str:
        """The same repository with another tag, as one writes it in a task definition."""
        return f"{self.host}/{self.repository}:{tag}"


class Registries(Protocol):
    """Where images come from: real registries, or the emulator's."""

    def has(self, image: Image) -> bool | None: ...


class PublicRegistries:
    """Asks the image's own registry, as anybody would, without a password."""

    def __init__(self) -> None:
        self._http = urllib3.PoolManager(timeout=_PATIENCE, retries=urllib3.Retry(1, redirect=3))

    def has(self, image: Image) -> bool | None:
        """True or False if the registry says so; None if it does not tell, or cannot be reached."""
        host = _HUB_HOST if image.host == DOCKER_HUB else image.host
        is_near = host.partition(":")[0] in ("localhost", "127.0.0.1")
        url = f"{'http' if is_near else 'https'}://{host}/v2/{image.repository}/manifests/"
        try:
            return self._ask(f"{url}{image.reference}", image.repository)
        except urllib3.exceptions.HTTPError:
            return None

    def _ask(self, url: str, repository: str) -> bool | None:
        headers = {"Accept": _MANIFESTS}
        reply = self._http.request("HEAD", url, headers=headers)
        if reply.status == 401:
            token = self._token(reply.headers.get("WWW-Authenticate", ""), repository)
            if token:
                bearer = {**headers, "Authorization": f"Bearer {token}"}
                reply = self._http.request("HEAD", url, headers=bearer)
        return {200: True, 404: False}.get(reply.status)

    def _token(self, challenge: str, repository: str) -> str:
        """A token for reading, from where the registry says one gets it."""
        said = dict(_CHALLENGE.findall(challenge))
        if "realm" not in said:
            return ""
        asked = {"service": said.get("service", ""), "scope": f"repository:{repository}:pull"}
        reply = self._http.request("GET", f"{said['realm']}?{urlencode(asked)}")
        if reply.status != 200:
            return ""
        content = reply.json()
        return str(content.get("token") or content.get("access_token") or "")
