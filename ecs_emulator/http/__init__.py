"""The door: the server on loopback, the controls under /_emulator, and who answers what."""
