"""The message function. It stands alone so that a Lambda function starts with nothing else imported."""


def process(message: str) -> str:
    """What is said of a message: exactly `The received message is: '<message>'`."""
    return f"The received message is: '{message}'"
