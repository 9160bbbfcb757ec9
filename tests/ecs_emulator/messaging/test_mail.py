"""E-mail subscriptions: asking, confirming, expiring, and the text of every letter."""

from __future__ import annotations

from typing import Any

import pytest
from account_world import World
from botocore.exceptions import ClientError

from ecs_emulator.messaging.mail import Mail, Outbox, notification, page
from ecs_emulator.world.clock import Clock

REGION = "eu-west-1"
TOPIC = "arn:aws:sns:eu-west-1:123456789876:my-topic"
YOU = "example@example.com"


@pytest.fixture
def sns(world: World) -> Any:
    client = world.client("sns")
    client.create_topic(Name="my-topic")
    return client


def subscribe(sns: Any, **more: Any) -> str:
    answer = sns.subscribe(**({"TopicArn": TOPIC, "Protocol": "email", "Endpoint": YOU} | more))
    return str(answer["SubscriptionArn"])


def listed(sns: Any) -> list[str]:
    found = sns.list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]
    everywhere = sns.list_subscriptions()["Subscriptions"]
    assert found == everywhere
    return [each["SubscriptionArn"] for each in found]


def last_mail(world: World) -> Mail:
    return list(world.account.outbox)[-1]


def token_of(mail: Mail) -> str:
    return mail.link.partition("Token=")[2].partition("&")[0]


@pytest.mark.fact("sns.pending", "sns.confirmation-mail", "sns.mail-sender")
def test_the_confirmation_mail_says_what_awss_says(world: World, sns: Any) -> None:
    assert subscribe(sns) == "pending confirmation"

    (mail,) = world.account.outbox
    question = f"TopicArn={TOPIC}&Token={token_of(mail)}&Endpoint={YOU}"
    assert mail.sent_at == world.clock.now
    assert mail.kind == "confirmation"
    assert mail.to == YOU
    assert mail.sender == "AWS Notifications <no-reply@sns.amazonaws.com>"
    assert mail.subject == "AWS Notification - Subscription Confirmation"
    assert mail.link == f"/_emulator/mail/confirm?{question}"
    assert mail.body == (
        "You have chosen to subscribe to the topic:\n"
        f"{TOPIC}\n\n"
        "To confirm this subscription, click or visit the link below "
        "(If this was in error no action is necessary):\n"
        "Confirm subscription\n"
        f"https://sns.eu-west-1.amazonaws.com/confirmation.html?{question}\n\n"
        "Please do not reply directly to this email. If you wish to remove yourself from receiving "
        "all future SNS subscription confirmation requests please send an email to sns-opt-out\n"
    )


@pytest.mark.fact("sns.mail-body")
def test_a_notification_ends_with_the_way_out(world: World, sns: Any) -> None:
    subscribe(sns)
    world.account.follow_link(last_mail(world).link)
    (arn,) = listed(sns)
    sns.publish(TopicArn=TOPIC, Message="It failed.", Subject="Deployment")

    mail = last_mail(world)
    question = f"SubscriptionArn={arn}&Endpoint={YOU}"
    assert (mail.kind, mail.subject, mail.topic_arn) == ("notification", "Deployment", TOPIC)
    assert mail.link == f"/_emulator/mail/unsubscribe?{question}"
    assert mail.body == (
        "It failed.\n\n--\n"
        "If you wish to stop receiving notifications from this topic, please click or visit the "
        "link below to unsubscribe:\n"
        f"https://sns.eu-west-1.amazonaws.com/unsubscribe.html?{question}\n\n"
        "Please do not reply directly to this email. If you have any questions or comments "
        "regarding this email, please contact us at https://aws.amazon.com/support\n"
    )


@pytest.mark.fact("sns.pending", "sns.return-arn", "sns.nothing-before-confirmation")
def test_a_pending_address_gets_no_news_and_shows_as_pending(world: World, sns: Any) -> None:
    arn = subscribe(sns, ReturnSubscriptionArn=True)
    sns.publish(TopicArn=TOPIC, Message="hello")

    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    counts = sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]
    assert arn.startswith(TOPIC + ":")
    assert listed(sns) == ["PendingConfirmation"]
    assert attributes["PendingConfirmation"] == "true"
    assert (counts["SubscriptionsPending"], counts["SubscriptionsConfirmed"]) == ("1", "0")
    assert [mail.kind for mail in world.account.outbox] == ["confirmation"]
    assert [each.outcome for each in world.account.sns.deliveries] == ["pending"]


@pytest.mark.fact("sns.confirmation-page")
def test_a_click_confirms(world: World, sns: Any) -> None:
    arn = subscribe(sns, ReturnSubscriptionArn=True)
    answer = world.account.follow_link(last_mail(world).link)

    counts = sns.get_topic_attributes(TopicArn=TOPIC)["Attributes"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert answer.status == 200
    assert b"Subscription confirmed!" in answer.body
    assert arn.encode() in answer.body
    assert listed(sns) == [arn]
    assert attributes["PendingConfirmation"] == "false"
    assert (counts["SubscriptionsPending"], counts["SubscriptionsConfirmed"]) == ("0", "1")


@pytest.mark.fact("sns.confirm-by-api")
def test_the_api_confirms_with_the_token_of_the_mail(world: World, sns: Any) -> None:
    arn = subscribe(sns, ReturnSubscriptionArn=True)
    token = token_of(last_mail(world))

    assert sns.confirm_subscription(TopicArn=TOPIC, Token=token)["SubscriptionArn"] == arn
    with pytest.raises(ClientError) as refused:
        sns.confirm_subscription(TopicArn=TOPIC, Token="wrong")
    assert refused.value.response["Error"]["Code"] == "InvalidParameter"
    assert refused.value.response["Error"]["Message"] == "Invalid token"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.fact("sns.again")
def test_asking_again_sends_a_new_mail_for_the_same_subscription(world: World, sns: Any) -> None:
    first = subscribe(sns, ReturnSubscriptionArn=True)
    second = subscribe(sns, ReturnSubscriptionArn=True)

    one, two = world.account.outbox
    assert first == second
    assert token_of(one) != token_of(two)
    assert listed(sns) == ["PendingConfirmation"]
    world.account.follow_link(two.link)
    assert subscribe(sns) == first
    assert len(world.account.outbox) == 2


@pytest.mark.fact("sns.48-hours")
def test_after_48_hours_the_token_and_the_subscription_are_gone(world: World, sns: Any) -> None:
    subscribe(sns)
    mail = last_mail(world)
    world.pass_time(48 * 3600 - 1)
    assert listed(sns) == ["PendingConfirmation"]
    world.pass_time(1)

    assert listed(sns) == []
    assert b"Invalid token" in world.account.follow_link(mail.link).body
    with pytest.raises(ClientError, match="Invalid token"):
        sns.confirm_subscription(TopicArn=TOPIC, Token=token_of(mail))


def test_a_confirmed_subscription_outlives_its_token(world: World, sns: Any) -> None:
    arn = subscribe(sns, ReturnSubscriptionArn=True)
    world.account.follow_link(last_mail(world).link)
    world.pass_time(72 * 3600)

    assert listed(sns) == [arn]


@pytest.mark.fact("sns.pending-stays")
def test_a_pending_subscription_cannot_be_unsubscribed(sns: Any) -> None:
    arn = subscribe(sns, ReturnSubscriptionArn=True)

    with pytest.raises(ClientError, match="An ARN must have at least 6 elements, not 1"):
        sns.unsubscribe(SubscriptionArn="PendingConfirmation")
    with pytest.raises(ClientError, match="InvalidParameter"):
        sns.unsubscribe(SubscriptionArn=arn)
    assert listed(sns) == ["PendingConfirmation"]


def test_the_way_out_works_for_its_own_address_only(world: World, sns: Any) -> None:
    arn = subscribe(sns, ReturnSubscriptionArn=True)
    world.account.follow_link(last_mail(world).link)
    link = f"/_emulator/mail/unsubscribe?SubscriptionArn={arn}&Endpoint="

    assert world.account.follow_link(link + "somebody@example.com").status == 400
    assert listed(sns) == [arn]
    assert b"Subscription removed!" in world.account.follow_link(link + YOU).body
    assert listed(sns) == []


@pytest.mark.parametrize("address", ["example", "a@b", "a b@example.com", "@example.com", "x@"])
def test_an_endpoint_has_to_be_an_address(world: World, sns: Any, address: str) -> None:
    with pytest.raises(ClientError, match="Invalid parameter: Email address"):
        subscribe(sns, Endpoint=address)
    assert listed(sns) == []
    assert len(world.account.outbox) == 0


def test_a_bad_filter_policy_leaves_no_subscription_behind(world: World, sns: Any) -> None:
    with pytest.raises(ClientError, match="FilterPolicy"):
        subscribe(sns, Attributes={"FilterPolicy": '{"a": [{"unheard-of": 1}]}'})
    assert listed(sns) == []
    assert len(world.account.outbox) == 0


@pytest.mark.fact("sns.filter")
def test_a_filter_policy_keeps_other_mail_away(world: World, sns: Any) -> None:
    subscribe(sns, Attributes={"FilterPolicy": '{"kind": ["alert"]}'})
    world.account.follow_link(last_mail(world).link)
    kinds = ({"DataType": "String", "StringValue": kind} for kind in ("alert", "chat"))
    for kind in kinds:
        sns.publish(TopicArn=TOPIC, Message="m", MessageAttributes={"kind": kind})

    assert [each.outcome for each in world.account.sns.deliveries] == ["delivered", "filtered"]
    assert [mail.kind for mail in world.account.outbox] == ["confirmation", "notification"]


def test_a_batch_goes_the_same_way(world: World, sns: Any) -> None:
    subscribe(sns)
    world.account.follow_link(last_mail(world).link)
    entries = [{"Id": str(n), "Message": f"news {n}"} for n in range(3)]
    answer = sns.publish_batch(TopicArn=TOPIC, PublishBatchRequestEntries=entries)

    assert len(answer["Successful"]) == 3
    bodies = [mail.body.splitlines()[0] for mail in list(world.account.outbox)[1:]]
    assert bodies == ["news 0", "news 1", "news 2"]


def test_a_structured_message_has_a_text_for_each_protocol(world: World, sns: Any) -> None:
    subscribe(sns)
    world.account.follow_link(last_mail(world).link)
    message = '{"default": "to all", "email": "to the mailbox"}'
    sns.publish(TopicArn=TOPIC, Message=message, MessageStructure="json")

    assert last_mail(world).body.splitlines()[0] == "to the mailbox"
    with pytest.raises(ClientError, match="No default entry"):
        sns.publish(TopicArn=TOPIC, Message='{"email": "x"}', MessageStructure="json")


@pytest.mark.fact("sns.email-json")
def test_email_json_is_the_envelope_alone(world: World, sns: Any) -> None:
    subscribe(sns, Protocol="email-json")
    world.account.follow_link(last_mail(world).link)
    sns.publish(TopicArn=TOPIC, Message="hello")

    assert last_mail(world).body.startswith('{\n  "Type" : "Notification",')
    assert last_mail(world).body.endswith("}")


def test_an_address_with_a_plus_survives_its_link(world: World, sns: Any) -> None:
    subscribe(sns, Endpoint="you+ecs@example.com")

    assert "Endpoint=you%2Becs@example.com" in last_mail(world).link
    assert world.account.follow_link(last_mail(world).link).status == 200


def test_a_broken_policy_is_refused(sns: Any) -> None:
    with pytest.raises(ClientError, match="Policy Error"):
        sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue="{")


def test_a_page_takes_nothing_for_html(world: World) -> None:
    link = "/_emulator/mail/unsubscribe?SubscriptionArn=<script>alert(1)</script>&Endpoint=x"

    assert b"<script>" not in world.account.follow_link(link).body
    assert b"&lt;b&gt;" in page("<b>", "&")
    assert world.account.follow_link("/_emulator/mail/other").status == 404


def test_the_outbox_keeps_the_last_thousand() -> None:
    outbox = Outbox()
    for number in range(1001):
        outbox.add(notification(Clock().now, TOPIC + ":1", "", YOU, None, f"news {number}"))

    assert len(outbox) == 1000
    assert next(iter(outbox)).body.startswith("news 1\n")
    assert outbox.as_json()[0]["sentAt"] == "2026-01-05T09:00:00.000Z"
