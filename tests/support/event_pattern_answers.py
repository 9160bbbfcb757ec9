"""What EventBridge answers: a pattern, an event, and whether they match or why it is refused.

The answers are AWS's: LOCALSTACK recorded them from an account (one public snapshot for each
shape), RULER is what AWS's own matcher documents and tests. Patterns and events are our own, in
the words of ECS. An answer that is a text is the reason of the refusal, without its place.
"""

from __future__ import annotations

from typing import Any

LOCALSTACK = (
    "https://github.com/localstack/localstack/tree/main/tests/aws/services/events/"
    "event_pattern_templates"
)
RULER = "https://github.com/aws/event-ruler"
GONE = object()
Row = tuple[Any, Any, bool | str, str]


def on(source: str, *rows: tuple[Any, Any, bool | str]) -> list[Row]:
    """Rows about one member of the detail: what its pattern says, its value, the answer."""
    made: list[Row] = []
    for wanted, value, answer in rows:
        event = {"source": "aws.ecs", "detail": {} if value is GONE else {"is": value}}
        made.append(({"detail": {"is": wanted}}, event, answer, source))
    return made


def whole(source: str, *rows: tuple[Any, Any, bool | str]) -> list[Row]:
    return [(pattern, event, answer, source) for pattern, event, answer in rows]


NO_TEXT = "prefix/suffix match pattern must be a string"
COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character "
    "sequences after a wildcard character"
)
MIXED = (
    "Inside anything but list, either all values are number or string, mixed type is not supported"
)
IN_CASE = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
BUT_VALUE = "Value of anything-but must be an array or single string/number value."
BUT_LIST = "Inside anything but list, start|null|boolean is not supported."
TASKS = {
    "detail": {
        "containers": [
            {"name": "web", "exitCode": 1, "lastStatus": "STOPPED"},
            {"name": "logs", "exitCode": 0, "lastStatus": "STOPPED"},
        ],
        "attachments": [
            {"type": "eni", "details": [{"name": "subnetId", "value": "subnet-1"}]},
            {"type": "sdi", "details": [{"name": "portName", "value": "http"}]},
        ],
        "overrides": {"containerOverrides": [{"name": "web"}, {"name": "logs", "cpu": 64}]},
        "tags": [],
    }
}
ROWS: list[Row] = [
    # plain values
    *on(
        LOCALSTACK,
        (["RUNNING"], "RUNNING", True),
        (["RUNNING", "PENDING"], "PENDING", True),
        (["RUNNING"], "running", False),
        (["RUNNING"], GONE, False),
        ([False], False, True),
        ([False], True, False),
        ([None], None, True),
        ([None], "null", False),
        ([None], [], False),
        ([""], "", True),
        ([""], "x", False),
        (["🚀 with a space at its end "], "🚀 with a space at its end ", True),
        ([300], 300.0, True),
        ([300], "300", False),
        (["300"], 300, False),
        (["300"], "300", True),
        (["a", "b", "c"], ["x", "c"], True),
        (["a", "b", "c"], ["x", "y"], False),
        (["a"], '{"is": "a"}', False),
        (42, 42, '"is" must be an object or an array'),
        ("RUNNING", "RUNNING", '"is" must be an object or an array'),
        (True, True, '"is" must be an object or an array'),
        (None, None, '"is" must be an object or an array'),
        ([], [], "Empty arrays are not allowed"),
    ),
    # anything-but
    *on(
        LOCALSTACK,
        ([{"anything-but": "STOPPED"}], "RUNNING", True),
        ([{"anything-but": "STOPPED"}], "STOPPED", False),
        ([{"anything-but": "STOPPED"}], GONE, False),
        ([{"anything-but": "STOPPED"}], None, True),
        ([{"anything-but": ["STOPPED", "STOPPING"]}], "RUNNING", True),
        ([{"anything-but": ["STOPPED", "STOPPING"]}], "STOPPING", False),
        ([{"anything-but": ["STOPPED", "STOPPING"]}], GONE, False),
        ([{"anything-but": ["STOPPED", "STOPPING"]}], None, True),
        ([{"anything-but": 137}], 1, True),
        ([{"anything-but": 137}], 137, False),
        ([{"anything-but": [0, 137, 143]}], 3, True),
        ([{"anything-but": [0, 137, 143]}], 143, False),
        ([{"anything-but": 0}], 3, True),
        ([{"anything-but": None}], None, BUT_VALUE),
        ([{"anything-but": ["STOPPED", None]}], "RUNNING", BUT_LIST),
        ([{"anything-but": {"equals-ignore-case": "stopped"}}], "RUNNING", True),
        ([{"anything-but": {"equals-ignore-case": "stopped"}}], "STOPPED", False),
        ([{"anything-but": {"equals-ignore-case": "stopped"}}], GONE, False),
        ([{"anything-but": {"equals-ignore-case": "stopped"}}], None, True),
        ([{"anything-but": {"equals-ignore-case": ["stopped", "gone"]}}], "Running", True),
        ([{"anything-but": {"equals-ignore-case": ["stopped", "gone"]}}], "Gone", False),
        ([{"anything-but": {"equals-ignore-case": ["stopped", "gone"]}}], GONE, False),
        ([{"anything-but": {"equals-ignore-case": ["stopped", "gone"]}}], None, True),
        ([{"anything-but": {"equals-ignore-case": 1}}], "x", IN_CASE),
        ([{"anything-but": {"equals-ignore-case": [1, 2]}}], "x", IN_CASE),
        ([{"anything-but": {"prefix": "DE"}}], "ACTIVATING", True),
        ([{"anything-but": {"prefix": "DE"}}], "DEPROVISIONING", False),
        ([{"anything-but": {"prefix": "DE"}}], 12, True),
        ([{"anything-but": {"prefix": "DE"}}], GONE, False),
        ([{"anything-but": {"prefix": "DE"}}], None, True),
        ([{"anything-but": {"prefix": ["DE", "STOP"]}}], "RUNNING", True),
        ([{"anything-but": {"prefix": ["DE", "STOP"]}}], "STOPPED", False),
        ([{"anything-but": {"prefix": ["DE", "STOP"]}}], 12, True),
        ([{"anything-but": {"prefix": ["DE", "STOP"]}}], GONE, False),
        ([{"anything-but": {"prefix": ["DE", "STOP"]}}], None, True),
        ([{"anything-but": {"prefix": 1}}], "x", NO_TEXT),
        ([{"anything-but": {"prefix": [1, "DE"]}}], "x", NO_TEXT),
        ([{"anything-but": {"prefix": ""}}], "x", "Null prefix/suffix not allowed"),
        ([{"anything-but": {"prefix": {"equals-ignore-case": "de"}}}], "x", BUT_VALUE),
        ([{"anything-but": {"suffix": "ED"}}], "STOPPING", True),
        ([{"anything-but": {"suffix": "ED"}}], "STOPPED", False),
        ([{"anything-but": {"suffix": "ED"}}], GONE, False),
        ([{"anything-but": {"suffix": "ED"}}], None, True),
        ([{"anything-but": {"suffix": ["ED", "ING"]}}], "DEFUNCT", True),
        ([{"anything-but": {"suffix": ["ED", "ING"]}}], "STOPPING", False),
        ([{"anything-but": {"suffix": ["ED", "ING"]}}], GONE, False),
        ([{"anything-but": {"suffix": ["ED", "ING"]}}], None, True),
        ([{"anything-but": {"suffix": 1}}], "x", NO_TEXT),
        ([{"anything-but": {"suffix": [1, "ED"]}}], "x", NO_TEXT),
        ([{"anything-but": {"suffix": [None, "ED"]}}], "x", NO_TEXT),
        ([{"anything-but": {"suffix": ""}}], "x", "Null prefix/suffix not allowed"),
        ([{"anything-but": {"suffix": {"equals-ignore-case": "ed"}}}], "x", BUT_VALUE),
        ([{"anything-but": {"wildcard": "*/prod/*"}}], "service/test/web", True),
        ([{"anything-but": {"wildcard": "*/prod/*"}}], "service/prod/web", False),
        ([{"anything-but": {"wildcard": ""}}], "service/prod/web", True),
        ([{"anything-but": {"wildcard": "*/prod/*"}}], 123, True),
        ([{"anything-but": {"wildcard": "*/prod/*"}}], GONE, False),
        ([{"anything-but": {"wildcard": "*/prod/*"}}], None, True),
        ([{"anything-but": {"wildcard": ["*/prod/*", "*/qa/*"]}}], "service/test/web", True),
        ([{"anything-but": {"wildcard": ["*/prod/*", "*/qa/*"]}}], "service/qa/web", False),
        ([{"anything-but": {"wildcard": ["*/prod/*", "*/qa/*"]}}], GONE, False),
        ([{"anything-but": {"wildcard": ["*/prod/*", "*/qa/*"]}}], None, True),
        ([{"anything-but": {"wildcard": 1}}], "x", "wildcard match pattern must be a string"),
        (
            [{"anything-but": {"wildcard": [1, "*/qa/*"]}}],
            "x",
            "wildcard match pattern must be a string",
        ),
        ([{"anything-but": ["roses"]}, {"exists": False}], "ABCD", True),
        ([{"anything-but": ["roses"]}, {"exists": False}], GONE, True),
        ([{"anything-but": ["roses"]}, {"exists": False}], {"other": 1}, True),
        ([{"numeric": [">", 100]}, {"anything-but": "101"}], 99, True),
        ([{"numeric": [">", 100]}, {"anything-but": "101"}], "101", False),
    ),
    # exists
    *on(
        LOCALSTACK,
        ([{"exists": True}], "RUNNING", True),
        ([{"exists": True}], None, True),
        ([{"exists": True}], GONE, False),
        ([{"exists": True}], {"inner": 100}, False),
        ([{"exists": True}], [], False),
        ([{"exists": False}], GONE, True),
        ([{"exists": False}], "RUNNING", False),
        ([{"exists": True}, {"prefix": "x"}, {"suffix": "y"}], "RUNNING", True),
        ([{"EXISTS": True}], "RUNNING", "Unrecognized match type EXISTS"),
    ),
    # prefix, suffix, equals-ignore-case
    *on(
        LOCALSTACK,
        ([{"prefix": "2026-11"}], "2026-11-27T09:00:00Z", True),
        ([{"prefix": "2026-12"}], "2026-11-27T09:00:00Z", False),
        ([{"prefix": ""}], "anything", True),
        ([{"prefix": {"equals-ignore-case": "Ecs"}}], "eCS-svc/1", True),
        ([{"prefix": 1}], "x", "prefix match pattern must be a string"),
        ([{"prefix": ["a"]}], "x", "prefix match pattern must be a string"),
        ([{"suffix": "/web"}], "service/default/web", True),
        ([{"suffix": "/WEB"}], "service/default/web", False),
        ([{"suffix": ""}], "anything", True),
        ([{"suffix": {"equals-ignore-case": "/web"}}], "service/default/WEB", True),
        ([{"suffix": {"equals-ignore-case": "/web"}}], "service/default/api", False),
        ([{"suffix": 1}], "x", "suffix match pattern must be a string"),
        ([{"suffix": ["a"]}], "x", "suffix match pattern must be a string"),
        ([{"equals-ignore-case": "ecs task state change"}], ["ECS Task State Change"], True),
        ([{"equals-ignore-case": "something else"}], ["ECS Task State Change"], False),
        ([{"equals-ignore-case": ""}], "", True),
        ([{"equals-ignore-case": ""}], "x", False),
        ([{"equals-ignore-case": ["a"]}], "x", "equals-ignore-case match pattern must be a string"),
        (
            [{"equals-ignore-case": {"prefix": "a"}}],
            "x",
            "equals-ignore-case match pattern must be a string",
        ),
    ),
    # numeric
    *on(
        LOCALSTACK,
        ([{"numeric": [">", 0, "<=", 5]}], 3, True),
        ([{"numeric": [">", 0, "<=", 5]}], 5, True),
        ([{"numeric": [">", 0, "<=", 5]}], 0, False),
        ([{"numeric": [">", 0, "<=", 5]}], 42, False),
        ([{"numeric": ["<", 10]}], 9, True),
        ([{"numeric": ["<", 10]}], 10, False),
        ([{"numeric": ["=", 301.8]}], 301.8, True),
        ([{"numeric": ["=", 301.8]}], 301, False),
        ([{"numeric": [">", 100]}], 101.0, True),
        ([{"numeric": [">", 100]}], None, False),
        ([{"numeric": [">", 100]}], "300", False),
        ([{"numeric": [">", 0, ">", 0]}], 3, "Bad numeric range operator: >"),
        ([{"numeric": [">", 0, "<"]}], 3, "Value of < must be numeric"),
        ([{"numeric": 10}], 3, "Value of numeric must be an array."),
        ([{"NUMERIC": ["=", 5]}], 5, "Unrecognized match type NUMERIC"),
    ),
    # cidr
    *on(
        LOCALSTACK,
        ([{"cidr": "10.0.0.0/24"}], "10.0.0.255", True),
        ([{"cidr": "10.0.0.0/24"}], "10.0.0.256", False),
        ([{"cidr": "10.0.0.0/24"}], 123, False),
        ([{"cidr": "2001:db8:1:2::/64"}], "2001:0db8:0001:0002:0000:0000:0000:0009", True),
        ([{"cidr": "2001:db8:1:2::/64"}], "2001:0db8:0001:0003:0000:0000:0000:0009", False),
        ([{"cidr": "my network"}], "10.0.0.1", "Malformed CIDR, one '/' required"),
        ([{"cidr": "10.0.0.0/few"}], "10.0.0.1", "Malformed CIDR, mask bits must be an integer"),
        ([{"cidr": "ten.0.0/8"}], "10.0.0.1", "Nonstandard IP address: ten.0.0"),
        ([{"cidr": "zzzz:db8::/64"}], "10.0.0.1", "Nonstandard IP address: zzzz:db8::"),
        ([{"cidr": ["10.0.0.0/8"]}], "10.0.0.1", "prefix match pattern must be a string"),
    ),
    # wildcard
    *on(
        LOCALSTACK,
        ([{"wildcard": "arn:aws:ecs:*:service/*"}], "arn:aws:ecs:eu-west-1:1:service/web", True),
        ([{"wildcard": "service/*/web"}], "service/a/b/c/web", True),
        ([{"wildcard": "service/*/web"}], "service/a/b/c/notweb", False),
        ([{"wildcard": "service/*/a/a/a/web"}], "service/x/a/a/a/web", True),
        ([{"wildcard": "service/*/a/a/a/web"}], "service/x/a/a/b/web", False),
        ([{"wildcard": ""}], "service/web", False),
        ([{"wildcard": 1}], "x", "wildcard match pattern must be a string"),
        ([{"wildcard": ["a*"]}], "x", "wildcard match pattern must be a string"),
        ([{"wildcard": "arn:**"}], "x", "Consecutive wildcard characters at pos 5"),
        (
            [{"wildcard": "*:*:*:*:*:service/*"}],
            "x",
            COMPLEX,
        ),
    ),
    # shapes
    *whole(
        LOCALSTACK,
        ({"id": ["1"]}, {"id": "1"}, True),
        ({"source": ["aws.ecs"], "detail-type": ["T"]}, {"source": "aws.ecs"}, False),
        ({"MY": ["x"]}, {"my": "x"}, False),
        ({"detail": {"a": {"b": [1]}}}, {"detail": {"a.b": 1}}, True),
        ({"detail": {"a": {"b": [1]}}}, {"detail": {"a.b": {"b": 1}}}, False),
        ({"detail": {"a.b": [1]}}, {"detail": {"a": {"b": 1}}}, True),
        ({"detail": {"a.b": {"b": [1]}}}, {"detail": {"a": {"b": 1}}}, False),
        ({"a": {"b": {"c": [{"exists": False}]}}}, {"a": {"b": "text"}}, True),
        ({"a": {"b": {"c": [{"exists": False}]}}}, {"a": {"b": {"c": "text"}}}, False),
        ({"a": {"b": [{"exists": True}]}}, {"a": {"b": {"c": "text"}}}, False),
        ({"a": {"id": [{"exists": True}]}}, {"a": [{"x": 1}, {"id": "y"}, {"z": 2}]}, True),
        (["a", "list"], {}, "Filter is not an object"),
        (
            {"detail": {"$or": [{"a": [{"numeric": [">", 0, "<=", 5]}]}, {"b": [7]}]}},
            {"detail": {"a": 0, "b": 7}},
            True,
        ),
        (
            {"detail": {"$or": [{"a": [{"numeric": [">", 0, "<=", 5]}]}, {"b": [7]}]}},
            {"detail": {"a": 0, "b": 8}},
            False,
        ),
    ),
    # arrays of objects: all within one element
    *whole(
        RULER,
        ({"detail": {"containers": {"exitCode": [1]}}}, TASKS, True),
        ({"detail": {"containers": {"exitCode": [2]}}}, TASKS, False),
        ({"detail": {"containers": {"name": ["web"], "exitCode": [1]}}}, TASKS, True),
        ({"detail": {"containers": {"name": ["logs"], "exitCode": [1]}}}, TASKS, False),
        ({"detail": {"containers": {"name": [{"prefix": "l"}], "exitCode": [0]}}}, TASKS, True),
        (
            {"detail": {"containers": {"name": ["logs"], "exitCode": [{"anything-but": 0}]}}},
            TASKS,
            False,
        ),
        ({"detail": {"attachments": {"type": ["eni"]}}}, TASKS, True),
        (
            {"detail": {"attachments": {"type": ["eni"], "details": {"name": ["subnetId"]}}}},
            TASKS,
            True,
        ),
        (
            {"detail": {"attachments": {"type": ["eni"], "details": {"name": ["portName"]}}}},
            TASKS,
            False,
        ),
        (
            {
                "detail": {
                    "attachments": {"details": {"name": ["subnetId"], "value": ["subnet-1"]}},
                    "containers": {"name": ["logs"]},
                }
            },
            TASKS,
            True,
        ),
        (
            {"detail": {"overrides": {"containerOverrides": {"name": ["web"], "cpu": [64]}}}},
            TASKS,
            False,
        ),
        (
            {"detail": {"overrides": {"containerOverrides": {"name": ["logs"], "cpu": [64]}}}},
            TASKS,
            True,
        ),
        ({"detail": {"tags": {"key": [{"exists": False}]}}}, TASKS, True),
        ({"detail": {"containers": {"reason": [{"exists": False}]}}}, TASKS, True),
        ({"a": [1]}, {"a": [[2, [1]]]}, True),
        ({"a": {"x": [1], "y": [2]}}, {"a": [[{"x": 1}, {"y": 2}], [{"x": 1, "y": 2}]]}, True),
        ({"a": {"x": [1], "y": [2]}}, {"a": [[{"x": 1}, {"y": 2}], [{"x": 3, "y": 2}]]}, False),
    ),
    # $or, and what it may hold
    *whole(
        RULER,
        ({"s": [1], "$or": [{"a": [1]}, {"b": [1]}]}, {"s": 1, "b": 1}, True),
        ({"s": [1], "$or": [{"a": [1]}, {"b": [1]}]}, {"s": 2, "b": 1}, False),
        ({"$or": [{"a": [1]}, {"b": [1], "c": [1]}]}, {"b": 1}, False),
        ({"$or": [{"a": [1]}, {"b": [1], "c": [1]}]}, {"b": 1, "c": 1}, True),
        (
            {"$or": [{"a": [1]}, {"b": [1], "$or": [{"c": [1]}, {"d": [1]}]}]},
            {"b": 1, "d": 1},
            True,
        ),
        (
            {"$or": [{"a": [1]}, {"b": [1]}], "x": {"$or": [{"c": [1]}, {"d": [1]}]}},
            {"b": 1, "x": {"c": 1}},
            True,
        ),
        (
            {"$or": [{"a": [1]}, {"b": [1]}], "x": {"$or": [{"c": [1]}, {"d": [1]}]}},
            {"b": 1, "x": {"c": 2}},
            False,
        ),
        ({"$or": [{"a": [1]}]}, {}, "There must have at least 2 Objects in $or relationship."),
        ({"$or": {"a": [1]}}, {}, "It must be an Array followed with $or."),
        (
            {"$or": [{"a": [1]}, 5]},
            {},
            "Only JSON object is allowed in array of $or relationship.",
        ),
        (
            {"$or": [{"numeric": [1]}, {"a": [1]}]},
            {},
            "numeric is Ruler reserved fieldName which cannot be used inside $or.",
        ),
        ({"$or": [{"a": [1]}, {}]}, {}, "Empty objects are not allowed"),
    ),
    # what else the reader refuses, and numbers and addresses
    *on(
        RULER,
        ([{"prefx": "a"}], "a", "Unrecognized match type prefx"),
        ([{}], "a", "Match expression name not found"),
        ([["a"]], "a", "Match value must be String, number, true, false, or null"),
        ({}, "a", "Empty objects are not allowed"),
        ([{"exists": "yes"}], "a", "exists match pattern must be either true or false."),
        ([{"prefix": "a", "suffix": "b"}], "a", "Only one key allowed in match expression"),
        ([{"anything-but": {"cidr": "10.0.0.0/8"}}], "a", "Unsupported anything-but pattern: cidr"),
        (
            [{"anything-but": ["a", 1]}],
            "b",
            MIXED,
        ),
        (
            [{"anything-but": []}],
            "b",
            MIXED,
        ),
        ([{"numeric": ["!", 1]}], 1, "Unrecognized numeric range operator: !"),
        ([{"numeric": [1]}], 1, "Invalid member in numeric match: 1"),
        ([{"numeric": ["=", "1"]}], 1, "Value of equals must be numeric"),
        ([{"numeric": ["=", 1, "<"]}], 1, "Too many elements in numeric expression"),
        ([{"numeric": [">", 1, 2]}], 1, "Bad value in numeric range: 2"),
        ([{"wildcard": "a\\b"}], "a", "Invalid escape character at pos 2"),
        ([{"wildcard": "a\\*b"}], "a*b", True),
        ([{"wildcard": "a\\*b"}], "axb", False),
        ([{"cidr": "10.0.0.0/32"}], "10.0.0.0", "IPv4 mask bits must be < 32"),
        ([{"cidr": "10.0.0.0/-1"}], "10.0.0.0", "Malformed CIDR, mask bits must not be negative"),
        (["::1"], "0:0:0:0:0:0:0:1", True),
        (["10.0.0.1"], "10.0.0.1", True),
        ([3.0e2], 300, True),
        ([True], 1, False),
        ([1], True, False),
        ([{"anything-but": "a"}], ["a", "b"], True),
        ([{"anything-but": "a"}], ["a"], False),
        ([123456789012345678], 123456789012345678, True),
        ([123456789012345678], 123456789012345679, False),
    ),
]
