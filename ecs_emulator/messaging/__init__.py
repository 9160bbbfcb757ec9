"""The way of an event: EventBridge, its targets, SNS and the mail that a person reads."""
