"""Room: what is in the account before anybody has done anything.

Lives here: the roles that the first use of ECS leaves, and the user who calls.
Never here: an import of moto (its IAM is handed in), what the roles may do later.
"""

from __future__ import annotations

import json
from typing import Any

CALLER, CALLER_KEY = "learner", "AKIAIOSFODNN7EXAMPLE"
CALLER_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
EXECUTION_ROLE = "ecsTaskExecutionRole"
EXECUTION_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


def seed_roles(iam: Any) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam.create_role(EXECUTION_ROLE, json.dumps(trust), "/", None, "", [], "3600")
    iam.attach_role_policy(EXECUTION_POLICY, EXECUTION_ROLE)
    iam.create_service_linked_role("ecs.amazonaws.com", "", "")


def seed_caller(iam: Any) -> None:
    """Whoever signs with this key is the user `learner`, who may do everything."""
    iam.create_user("us-east-1", CALLER)
    iam.attach_user_policy(CALLER_POLICY, CALLER)
    key = iam.create_access_key(CALLER)
    del iam.access_keys[key.physical_resource_id]
    key.access_key_id = CALLER_KEY
