"""Room: text that may leave the house.

Lives here: what a secret looks like, and taking it out of everything that a report is made of;
characters that XML forbids or that would turn a line around.
Never here: files, the meaning of a text.

The journal leaves secrets out as it is written. This is the second door: reasons, names and
messages come from AWS and from other people's containers, and anything may stand in them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

MASK = "…"
_DEEPEST = 40
"""A journal is some ten levels deep; whatever is deeper than this is left out."""

_SECRET_NAME = re.compile(
    r"token|passw(or)?d|passphrase|secret(?!s?manager)|authorization|credential|signature|cookie"
    r"|(access|private|api|signing|encryption)[-_ ]?key",
    re.IGNORECASE,
)
_WORD = r"[A-Za-z0-9_.-]{0,40}"
_NAMED = (
    rf"{_WORD}(?:token|passw(?:or)?d|passphrase|secret|credential|signature"
    rf"|(?:access|private|api|signing)[-_]?key){_WORD}"
)
_SCHEME = r"(?:bearer|basic|digest|negotiate|token|apikey|aws4-\S+)\s"


def _is_random(text: str) -> bool:
    """Many capitals among many small letters: a commit's hash has none, an ARN few."""
    return sum(each.isupper() for each in text) >= 5 and sum(each.islower() for each in text) >= 5


def _without_key(found: re.Match[str]) -> str:
    text = found[0]
    return MASK if _is_random(text) and any(each.isdigit() for each in text) else text


def _without_token(found: re.Match[str]) -> str:
    """A long text of one letter is a test's name, not a token."""
    text = found[0]
    is_mixed = any(each.isdigit() for each in text) and any(each.isalpha() for each in text)
    return MASK if is_mixed or _is_random(text) else text


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    # A private key in PEM form, even one whose end is cut off.
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|\Z)", re.S), MASK),
    # Authorization: Bearer abc; the rest of the line goes. Docker says "may require
    # authorization: server message: …": that stays.
    (
        re.compile(
            rf"(?i)(authorization[\"']?\s*[:=]\s*[\"']?)(?={_SCHEME}|(?=\S{{0,200}}\d)\S{{12,}})[^\r\n]+"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"AWS4-HMAC-SHA256[^\r\n]*"), MASK),
    (re.compile(r"(?i)\b(bearer|basic)\s+(?=\S*[\d=])[A-Za-z0-9._~+/-]{8,}=*"), rf"\1 {MASK}"),
    # https://name:password@host, also name@host alone.
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^/\s@\"'<>?#]{1,500}@"), rf"\1{MASK}@"),
    # ?Token=…, &X-Amz-Signature=…, aws_secret_access_key = …, "sessionToken": "…"
    (re.compile(rf"(?i)({_NAMED}\s{{0,9}}=\s{{0,9}}[\"']?)[^\s\"'<>&,;)]+"), rf"\1{MASK}"),
    (re.compile(rf"(?i)([\"']{_NAMED}\\?[\"']\s*:\s*\\?[\"'])[^\"'\\]+"), rf"\1{MASK}"),
    # "password: hunter2", but not "secret: not found": what is a word is left.
    (
        re.compile(rf"(?i)({_NAMED}:\s{{1,9}}[\"']?)(?=[^\s\"']{{0,99}}\d)[^\s\"'<>,;]{{6,}}"),
        rf"\1{MASK}",
    ),
    # A JSON web token, a key id of AWS, the tokens of GitHub, GitLab and Slack.
    (re.compile(r"\beyJ[\w-]{8,2000}\.[\w-]{8,2000}\.[\w-]*"), MASK),
    (re.compile(r"(?<![A-Z0-9])(AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}"), MASK),
    (re.compile(r"\b(gh[pousr]_|github_pat_|glpat-|xox[a-z]-)[\w-]{10,}"), MASK),
    # A session token, or the token of an SNS subscription: long, without a space, of all kinds.
    (re.compile(r"[A-Za-z0-9+/]{100,}={0,2}"), _without_token),
    # A secret access key: 40 characters.
    (re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])"), _without_key),
)

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""What XML 1.0 forbids or discourages, and what turns the direction of the text around it."""


def clean(text: str) -> str:
    """Without control characters, colour codes and marks of direction: "a\\x00b" → "ab"."""
    return _UNWANTED.sub("", _ANSI.sub("", text))


def without_secrets(text: str) -> str:
    """Post https://me:pw@host?Token=abc → Post https://…@host?Token=…"""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


@functools.lru_cache(maxsize=8192)
def _safe(text: str) -> str:
    """In a journal most texts stand many times."""
    return without_secrets(clean(text))


def scrubbed(value: Any, *, _depth: int = 0) -> Any:
    """The same value, clean, and without secrets: in texts, in names, and under telling names."""
    if _depth > _DEEPEST:
        return MASK
    if isinstance(value, str):
        return _safe(value)
    if isinstance(value, Mapping):
        return _scrubbed_members(value, _depth + 1)
    if isinstance(value, list | tuple):
        return [scrubbed(each, _depth=_depth + 1) for each in value]
    if value is None or isinstance(value, int | float):
        return value
    return scrubbed(str(value), _depth=_depth + 1)


def _scrubbed_members(members: Mapping[Any, Any], depth: int) -> dict[Any, Any]:
    """{"Token": "x"} → {"Token": "…"}; {"name": "DB_PASSWORD", "value": "x"} likewise."""
    telling = _is_telling(members.get("name"))
    found = {}
    for name, value in members.items():
        hidden = _is_telling(name) or (telling and name == "value")
        kept = _hidden(value) if hidden else value
        found[scrubbed(name)] = scrubbed(kept, _depth=depth)
    return found


def _is_telling(name: Any) -> bool:
    return isinstance(name, str) and _tells(name)


@functools.lru_cache(maxsize=1024)
def _tells(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _hidden(value: Any) -> Any:
    """A text or number goes, and those of a list; what is a structure is looked through."""
    if isinstance(value, list | tuple):
        return [_hidden(each) for each in value]
    if isinstance(value, Mapping | bool) or value is None:
        return value
    return MASK
