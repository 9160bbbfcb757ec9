"""Room: botocore's definitions of the AWS services.

Lives here: the one loader of this process. Each definition is read from its file once: EC2's alone
takes a quarter of a second, and botocore would read it again for every session.
Never here: what is done with a definition.
"""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader, create_loader
from botocore.session import Session

_UNSET = (None, None, None, None)


@cache
def shared_loader() -> Loader:
    return create_loader()


def loader_for(search_path: str | None = None) -> Loader:
    """In place of botocore's `create_loader`: a search path of somebody's own gets its own."""
    return create_loader(search_path) if search_path else shared_loader()


def nobodys_session() -> Session:
    """A session of botocore that reads no profile and no file of the user's, not even broken ones.

    With the one loader, and with no credentials of its own.
    """
    variables = dict.fromkeys(("profile", "config_file", "credentials_file"), _UNSET)
    made = Session(session_vars=variables)
    made.register_component("data_loader", shared_loader())
    return made


def read_ahead(*services: str) -> None:
    """Read what clients of these services will need: read_ahead("ec2") saves 0.2 s later."""
    loader = shared_loader()
    for service in services:
        for kind in ("service-2", "endpoint-rule-set-1"):
            loader.load_service_model(service, kind)
