"""What goes over the wire: requests, answers, AWS's own service models, and calls that go wrong."""
