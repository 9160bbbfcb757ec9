"""Room: the refusals of the ECS API.

Lives here: each error reply that ECS gives, code and text, one small constructor each.
Never here: when it is given.
"""

from __future__ import annotations


class EcsError(Exception):
    """An error reply: HTTP status, AWS's code, AWS's message."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid_parameter(message: str) -> EcsError:
    return EcsError("InvalidParameterException", message)


def client_error(message: str) -> EcsError:
    return EcsError("ClientException", message)


def cluster_not_found() -> EcsError:
    return EcsError("ClusterNotFoundException", "Cluster not found.")


def service_not_found() -> EcsError:
    return EcsError("ServiceNotFoundException", "Service not found.")


def service_not_active() -> EcsError:
    return EcsError("ServiceNotActiveException", "Service was not ACTIVE.")


def throttled() -> EcsError:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html"""
    return EcsError("ThrottlingException", "Rate exceeded")


def access_denied(caller: str, operation: str) -> EcsError:
    """IAM's sentence for a caller whose own policies do not allow the action."""
    action = f"ecs:{operation}"
    return EcsError(
        "AccessDeniedException",
        f"User: {caller} is not authorized to perform: {action} on resource: * because no "
        f"identity-based policy allows the {action} action",
    )


def not_emulated(what: str) -> EcsError:
    """The emulator's own refusal: it says so rather than pretend."""
    return EcsError("UnsupportedFeatureException", f"The emulator does not emulate {what}.")
