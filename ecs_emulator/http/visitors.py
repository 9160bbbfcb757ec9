"""Room: whose requests are answered at all.

Lives here: the rule that keeps web pages out. A page that is open in the user's browser may send
requests to loopback, and a name of its own may be made to mean 127.0.0.1 (DNS rebinding).
Never here: AWS's signatures and permissions (access), the answers.

https://fetch.spec.whatwg.org/#origin-header
https://developer.mozilla.org/docs/Web/HTTP/Headers/Sec-Fetch-Site
"""

from __future__ import annotations

from collections.abc import Mapping

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_LETTERS = "/_emulator/mail/"
"""What a person opens by a click in a mail, wherever that mail is read."""


def refusal(method: str, path: str, headers: Mapping[str, str], port: int) -> str:
    """Why this request is not answered, in one sentence; "" if it is.

    Host has to be a loopback name with the emulator's own port, and Origin, where there is one, a
    page of the emulator itself. A browser that says that another site asks is believed.
    """
    own = [f"{name}:{port}" for name in LOOPBACK_NAMES]
    host, origin = headers.get("host"), headers.get("origin")
    if host is not None and host.lower() not in own:
        return f"Host {host} is not this emulator: ask it as http://{own[0]}."
    if origin is not None and origin.lower() not in [f"http://{name}" for name in own]:
        return f"Origin {origin} is another site: web pages are not answered."
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return ""
    is_click = headers.get("sec-fetch-mode") == "navigate" and method == "GET"
    if is_click and path.startswith(_LETTERS):
        return ""
    return "Another site asks this: web pages are not answered."
