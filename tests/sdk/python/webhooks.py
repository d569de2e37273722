"""The official Python SDK against Herald: only the base URL is changed. Exits 0 if everything is
as the SDK's users know it."""

import re

from herald import ID, NOBODY, TIME, connect, ids, refused

URL = "https://example.com/hooks"

webhooks = connect().webhooks

# Create: the one answer with the secret.
created = webhooks.create(
    url=URL, enabled=True, events=["client.created"], description="Made by the Python SDK"
)
assert re.fullmatch(ID, created.id), created.id
assert re.fullmatch("[A-Za-z0-9]{32}", created.secret)
assert (created.url, created.enabled, created.events) == (URL, True, ["client.created"])
assert created.description == "Made by the Python SDK"
assert re.fullmatch(TIME, created.created_at)

# Get.
shown = webhooks.get(created.id)
assert getattr(shown, "secret", None) is None
assert shown.created_at == created.created_at

# Update, in part and with the whole object.
updated = webhooks.update(created.id, description="Renamed")
assert (updated.description, updated.events) == ("Renamed", ["client.created"])
updated = webhooks.update(**{**created.to_dict(), "enabled": False})
assert (updated.description, updated.enabled) == (created.description, False)

# List, page, filter; newest first.
more = [
    webhooks.create(url="https://newurl/endpoint", enabled=True, events=[event]).id
    for event in ("*", "address.created")
]
everything = [*reversed(more), created.id]
page = webhooks.list(pageSize=2)
assert (page.page, page.page_size, page.total_items, page.pages) == (1, 2, 3, 2)
assert ids(page) == everything[:2]
assert ids(webhooks.auto_list(pageSize=1)) == everything
assert ids(webhooks.list(enabled=False)) == [created.id]
assert ids(webhooks.list(enabled=True)) == everything[:2]
assert ids(webhooks.list(url=URL)) == [created.id]
assert ids(webhooks.list(events="*")) == [more[0]]
nothing = webhooks.list(url="https://example.com/other")
assert (nothing.total_items, nothing.pages, list(nothing)) == (0, 0, [])
assert list(webhooks.auto_list(url="https://example.com/other")) == []

# Errors: this SDK shows only the message.
refused("'url' should be an HTTPS URL", webhooks.create, "http://a.example", True, ["*"])
refused("'events'", webhooks.create, URL, True, ["client.exploded"])
refused("'enabled'", webhooks.create, URL, "yes", ["*"])
refused("'pageSize'", webhooks.list, pageSize=0)
refused(f"Invalid webhook id '{NOBODY}'", webhooks.get, NOBODY)
refused("Invalid webhook id 'not-an-id'", webhooks.get, "not-an-id")
refused("key", connect("test_nobodysKey").webhooks.list)

# Delete.
for webhook in everything:
    assert webhooks.delete(webhook) == (None, 204)
    refused("Invalid webhook id", webhooks.get, webhook)
assert list(webhooks.auto_list()) == []
