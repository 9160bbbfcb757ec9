"""Room: who is who, read from moto's IAM.

Lives here: the user or the role behind an access key or an ARN with all its policies, and the tags
of a resource.
Never here: an import of moto (that is `moto`), what a policy allows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ecs_emulator.access.identity_policies import Identity, Policy

Backends = Callable[[str, str], Any]
_GLOBAL = "aws"


class MotoIdentities:
    """`permissions.Identities`, answered from moto's backends."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    @property
    def _iam(self) -> Any:
        return self._backends("iam", _GLOBAL)

    def identity_of_key(self, access_key: str) -> Identity | None:
        """A user's key, or the one of a session that AssumeRole opened. None: nobody's."""
        if not access_key:
            return None
        for user in self._iam.users.values():
            if any(key.access_key_id == access_key for key in user.access_keys):
                return self._user(user)
        for session in self._backends("sts", _GLOBAL).assumed_roles:
            if session.access_key_id == access_key:
                role = self._role_of(session.role_arn)
                return None if role is None else Identity(session.arn, tuple(_of("role", role)))
        return None

    def identity_of_arn(self, arn: str) -> Identity | None:
        for user in self._iam.users.values():
            if user.arn == arn:
                return self._user(user)
        if role := self._role_of(arn):
            return Identity(arn, tuple(_of("role", role)))
        group = next((each for each in self._iam.groups.values() if each.arn == arn), None)
        return None if group is None else Identity(arn, tuple(_of("group", group)))

    def _role_of(self, arn: str) -> Any:
        return next((role for role in self._iam.roles.values() if role.arn == arn), None)

    def _user(self, user: Any) -> Identity:
        groups = [each for each in self._iam.groups.values() if user in each.users]
        policies = [*_of("user", user), *(p for each in groups for p in _of("group", each))]
        return Identity(user.arn, tuple(policies), user.name)

    def known_arn(self, region: str, kind: str, name: str) -> str:
        """The ARN of a role, user or group that exists, or of the key that an alias stands for."""
        if kind == "key":
            try:
                return str(self._backends("kms", region).describe_key(name).arn)
            except Exception:  # moto knows no such key or region: neither do we
                return ""
        there = {"role": self._iam.roles, "user": self._iam.users, "group": self._iam.groups}[kind]
        return next((str(each.arn) for each in there.values() if each.name == name), "")

    def resource_policy(self, arn: str) -> Mapping[str, Any] | None:
        """Of a topic or a queue, if it is there and has one."""
        parts = arn.split(":", 5)
        if len(parts) < 6 or parts[2] not in ("sns", "sqs"):
            return None
        try:
            backend = self._backends(parts[2], parts[3])
        except KeyError:
            return None
        is_topic = parts[2] == "sns"
        found = backend.topics.get(arn) if is_topic else backend.queues.get(parts[5])
        return _document(found.policy) if found is not None and found.policy else None

    def tags_of(self, arn: str) -> Mapping[str, str]:
        """Of a topic, a queue, a rule or a role."""
        parts = arn.split(":", 5)
        if len(parts) < 6:
            return {}
        service, region, rest = parts[2], parts[3], parts[5]
        try:
            return self._tags(service, region, rest, arn)
        except KeyError:
            return {}

    def _tags(self, service: str, region: str, rest: str, arn: str) -> Mapping[str, str]:
        if service == "sns":
            return dict(self._backends("sns", region).topics[arn]._tags)  # noqa: SLF001
        if service == "sqs":
            return dict(self._backends("sqs", region).queues[rest].tags)
        if service == "events":
            tagger = self._backends("events", region).tagger
            return dict(tagger.get_tag_dict_for_resource(arn))
        if service == "iam" and (role := self._role_of(arn)) is not None:
            given = role.tags.values() if isinstance(role.tags, dict) else role.tags or ()
            return {each["Key"]: each["Value"] for each in given}
        return {}


def _of(kind: str, principal: Any) -> Iterator[Policy]:
    """Inline and attached. `principal` is a user, a role or a group of moto."""
    inline: Iterable[tuple[str, Any]] = principal.policies.items()
    for name, document in inline:
        yield Policy(f"{kind}_{principal.name}_{name}", kind, _document(document))
    for policy in principal.managed_policies.values():
        owner = "aws-managed" if ":iam::aws:" in policy.arn else "user-managed"
        in_force = next(each.document for each in policy.versions if each.is_default)
        yield Policy(policy.name, owner, _document(in_force))


def _document(document: Any) -> Mapping[str, Any]:
    """Only to be read: the same text gives the same document, for the gate asks at every call."""
    found: Mapping[str, Any] = _parsed(document) if isinstance(document, str) else document
    return found


@lru_cache(maxsize=256)
def _parsed(text: str) -> Any:
    return json.loads(text)
