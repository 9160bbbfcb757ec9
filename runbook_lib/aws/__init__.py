"""The connection to AWS or to the emulator, what it says as facts, and the record of every call."""
