"""What the scripts share: the official SDK with another base URL, and what a refusal has to be."""

import os

import complycube
from complycube import ComplyCubeClient
from complycube.error import ComplyCubeAPIError

complycube._base_url = os.environ["HERALD_BASE_URL"]

ID = "[0-9a-f]{24}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
# An id that nothing has.
NOBODY = "5eb04fcd0f3e360008035eb2"


def connect(api_key=os.environ["API_KEY"]):
    """The SDK's client; only the base URL is changed."""
    return ComplyCubeClient(api_key=api_key)


def refused(message, call, *args, **kwargs):
    """Fails unless the call is refused with a message that has this in it."""
    try:
        answer = call(*args, **kwargs)
    except ComplyCubeAPIError as error:
        assert message in str(error), str(error)
        return
    raise AssertionError(f"should be refused, but was {answer}")


def ids(listed):
    return [one.id for one in listed]
