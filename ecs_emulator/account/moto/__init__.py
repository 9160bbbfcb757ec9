"""The services that moto answers, on our clock, with what moto lacks. Nobody else imports moto."""
