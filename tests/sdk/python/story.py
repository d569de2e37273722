"""A whole story with the official Python SDK against Herald: only the base URL is changed. Exits 0
if every answer is as the SDK's users know it.

Each change raises the events that the end-to-end test `story` expects, in this order; what is
refused, and what changes nothing, raises none.
"""

import base64
import json
import os
import re
import time

from complycube.model.client import Client
from herald import ID, NOBODY, TIME, connect, ids, refused

herald = connect()
clients, addresses, documents, checks = (
    herald.clients,
    herald.addresses,
    herald.documents,
    herald.checks,
)


def raw(path):
    """The JSON that the models are made of."""
    return herald._execute_api_request(path, "GET")[0]


def made(path, model, fields):
    """Fails unless it was just made, and its JSON has exactly these fields, in this order, between
    its id and its times. What is absent is not null."""
    assert re.fullmatch(ID, model.id), model.id
    assert re.fullmatch(TIME, model.created_at), model.created_at
    assert model.updated_at == model.created_at
    times = {"createdAt": model.created_at, "updatedAt": model.updated_at}
    same(raw(f"{path}/{model.id}"), {"id": model.id, **fields, **times})


def same(actual, expected):
    """Fails unless both are the same JSON, the order of the fields included."""
    assert json.dumps(actual) == json.dumps(expected), f"{actual}\nshould be\n{expected}"


def completed(check):
    """The check, once it is not pending any more."""
    while (found := checks.get(check.id)).status == "pending":
        time.sleep(0.05)
    return found


# Where everything goes; the receiver verifies each notification.
[webhook] = herald.webhooks.list()
assert (webhook.events, webhook.enabled) == (["*"], True)

# A client. What Herald does not know is ignored, as is what the other type of client has.
person = {
    "firstName": "John",
    "middleName": "Quincy",
    "lastName": "Doe",
    "dob": "1990-12-31",
    "gender": "male",
    "nationality": "GB",
}
metadata = {"tier": "gold", "note": "Zoë 😀"}
john = clients.create(
    type="person",
    email="john.doe@example.com",
    mobile="+447000000000",
    telephone=None,
    externalId="E-1",
    joinedDate="2020-01-31",
    personDetails=person,
    companyDetails={"name": "Not this one"},
    metadata=metadata,
    lastActionBy="me",
)
assert isinstance(john, Client)
fields = {
    "type": "person",
    "entityName": "John Quincy Doe",
    "email": "john.doe@example.com",
    "mobile": "+447000000000",
    "externalId": "E-1",
    "joinedDate": "2020-01-31",
    "personDetails": person,
    "metadata": metadata,
}
made("clients", john, fields)
assert (john.person_details.last_name, john.metadata["tier"]) == ("Doe", "gold")
assert (john.telephone, john.company_details) == (None, None)

# The whole object back, as people do: nothing changes, so nothing is raised.
assert clients.update(**john.to_dict()).updated_at == john.updated_at

# An update. Details are merged, null removes, the rest stays.
smith = clients.update(
    john.id,
    type="company",
    mobile=None,
    telephone="+442000000000",
    personDetails={"lastName": "Smith"},
)
assert (smith.type, smith.entity_name) == ("person", "John Quincy Smith")
assert (smith.mobile, smith.telephone) == (None, "+442000000000")
assert (smith.person_details.first_name, smith.person_details.dob) == ("John", "1990-12-31")
assert smith.metadata == metadata
assert re.fullmatch(TIME, smith.updated_at) and smith.updated_at >= john.updated_at
assert smith.created_at == john.created_at
assert "mobile" not in raw(f"clients/{john.id}")

refused("'email'", clients.create, "person", "nobody", personDetails=person)
refused("'type'", clients.create, "robot", "a@example.com", personDetails=person)
refused("'personDetails' is required", clients.create, "person", "a@example.com")
refused("'personDetails.lastName'", clients.create, "person", "a@b", personDetails={"firstName": "A"})
refused("'personDetails.nationality'", clients.update, john.id, personDetails={"nationality": "UK"})
refused("'metadata'", clients.update, john.id, metadata=["gold"])
refused("'metadata'", clients.update, john.id, metadata={"tier": "x" * 501})
refused(f"Invalid client id '{NOBODY}'", clients.get, NOBODY)
refused("Invalid client id 'not-an-id'", clients.update, "not-an-id")

# An address.
home = addresses.create(
    john.id, "High Street", "London", "GB", type="main", propertyNumber="12", fromDate="2010-05-01"
)
fields = {
    "clientId": john.id,
    "type": "main",
    "propertyNumber": "12",
    "line": "High Street",
    "city": "London",
    "country": "GB",
    "fromDate": "2010-05-01",
}
made("addresses", home, fields)
assert addresses.update(**home.to_dict()).updated_at == home.updated_at
moved = addresses.update(home.id, line="Low Street", postalCode="W1A 1AA", fromDate=None)
assert (moved.line, moved.postal_code, moved.from_date) == ("Low Street", "W1A 1AA", None)
assert (moved.client_id, moved.property_number) == (john.id, "12")

refused("'country'", addresses.create, john.id, "High Street", "London", "NOTACOUNTRYCODE")
refused("'type'", addresses.update, home.id, type="holiday")
refused("'line'", addresses.create, john.id, None, "London", "GB")
refused(f"Invalid client id '{NOBODY}'", addresses.create, NOBODY, "High Street", "London", "GB")

# A document. It can be checked once it says where it is from, and shows its front.
paper = documents.create(john.id, "passport", classification="proof_of_identity")
fields = {"clientId": john.id, "type": "passport", "classification": "proof_of_identity"}
made("documents", paper, fields)
assert paper.images is None
looks_at_it = {"type": "document_check", "documentId": paper.id}
refused("issuingCountry", checks.create, john.id, **looks_at_it)
issued = documents.update(paper.id, issuingCountry="GB")
assert (issued.type, issued.issuing_country) == ("passport", "GB")
assert documents.update(**issued.to_dict()).updated_at == issued.updated_at
refused("front", checks.create, john.id, **looks_at_it)

# Images: the smallest and the largest that there may be, and one that replaces another.
smallest, largest = os.urandom(34 * 1024), os.urandom(4 * 1024 * 1024)


def encoded(image):
    return base64.b64encode(image).decode()


def uploads(side, file_name, image, content_type):
    """The image as it was answered, but for its data: what it is like, in the documented order."""
    answer = documents.upload(paper.id, side, file_name, encoded(image))
    assert re.fullmatch(ID, answer.id)
    assert re.fullmatch(TIME, answer.created_at) and answer.updated_at == answer.created_at
    assert answer.download_link.endswith(f"/v1/documents/{paper.id}/download/{side}")
    about = answer.to_dict()
    expected = {
        "id": answer.id,
        "fileName": file_name,
        "documentSide": side,
        "downloadLink": answer.download_link,
        "contentType": content_type,
        "size": len(image),
        "createdAt": answer.created_at,
        "updatedAt": answer.updated_at,
    }
    same(about, expected)
    return about


def downloads(side, about, image):
    answer = documents.download(paper.id, side).to_dict()
    assert base64.b64decode(answer.pop("data"), validate=True) == image, "every byte comes back"
    assert answer == about


uploads("front", "blurred.jpeg", largest[:50_000], "image/jpeg")
back = uploads("back", "back.pdf", largest, "application/pdf")
front = uploads("front", "front.jpg", smallest, "image/jpg")
shown = documents.get(paper.id)
same([image.to_dict() for image in shown.images], [front, back])
assert shown.updated_at == front["updatedAt"]
downloads("front", front, smallest)
downloads("back", back, largest)
downloads("inside", front, smallest)

refused("'data'", documents.upload, paper.id, "front", "front.jpg", encoded(smallest[1:]))
refused("'data'", documents.upload, paper.id, "front", "front.jpg", encoded(largest + b"!"))
refused("'data'", documents.upload, paper.id, "front", "front.jpg", "not base64!")
refused("'fileName'", documents.upload, paper.id, "front", "front.gif", encoded(smallest))
refused("front", documents.upload, paper.id, "inside", "front.jpg", encoded(smallest))
refused("Invalid document id", documents.upload, NOBODY, "front", "front.jpg", encoded(smallest))
same(raw(f"documents/{paper.id}")["images"], [front, back])

# A check of the document completes by itself, and a person does not agree.
looked = checks.create(john.id, **looks_at_it)
assert (looked.status, looked.result, looked.enable_monitoring) == ("pending", None, False)
assert (looked.entity_name, looked.document_id) == ("John Quincy Smith", paper.id)
found = completed(looked)
assert (found.status, found.result.outcome) == ("complete", "clear")
expected = {
    "id": looked.id,
    "clientId": john.id,
    "entityName": "John Quincy Smith",
    "type": "document_check",
    "status": "complete",
    "documentId": paper.id,
    "enableMonitoring": False,
    "result": {"outcome": "clear"},
    "createdAt": looked.created_at,
    "updatedAt": found.updated_at,
}
same(raw(f"checks/{looked.id}"), expected)
assert found.updated_at > looked.created_at
validated = checks.validate(looked.id, outcome="rejected", comment="It is not John.")
assert validated.outcome == "rejected"
assert checks.get(looked.id).result.outcome == "rejected"
refused("screening", checks.update, looked.id, enableMonitoring=True)

# A screening says what it has looked at, and has matches even if there are none.
screened = completed(
    checks.create(john.id, "standard_screening_check", options={"deep": True}, clientConsent=True)
)
assert (screened.result.outcome, screened.result.breakdown.matches) == ("clear", [])
assert (screened.client_consent, screened.options.deep) == (True, True)
assert list(raw(f"checks/{screened.id}")["result"]["breakdown"]) == ["summary", "matches"]

refused("'type'", checks.create, john.id, "horoscope")
refused("'documentId' is required", checks.create, john.id, "document_check")
refused("Invalid document id", checks.create, john.id, "document_check", documentId=NOBODY)
refused("Invalid client id", checks.create, NOBODY, "standard_screening_check")
refused(f"Invalid check id '{NOBODY}'", checks.get, NOBODY)

# A client who needs attention: the match is looked at, rejected, and then watched.
jane = clients.create(
    "person", "jane@example.com", personDetails={"firstName": "Jane", "lastName": "attention"}
)
alarm = completed(checks.create(jane.id, "extensive_screening_check"))
assert alarm.result.outcome == "attention"
[match] = alarm.result.breakdown.matches
refused("'matchId' is required", checks.validate, alarm.id, outcome="rejected")
refused("'outcome'", checks.validate, alarm.id, outcome="perhaps", matchId=match.id)
refused("Invalid match id", checks.validate, alarm.id, outcome="rejected", matchId=NOBODY)
refused("Invalid check id", checks.validate, NOBODY, outcome="rejected", matchId=match.id)
assert checks.validate(alarm.id, outcome="rejected", matchId=match.id).outcome == "clear"
cleared = checks.get(alarm.id)
assert cleared.result.outcome == "clear"
watched = checks.update(**{**cleared.to_dict(), "enableMonitoring": True})
assert (watched.enable_monitoring, watched.result.outcome) == (True, "clear")
assert checks.update(alarm.id, enableMonitoring=True).updated_at == watched.updated_at
refused("enableMonitoring", checks.update, alarm.id, options={"deep": False})

# A company. Where it is, a state may be left out.
firm = {"name": "Example Ltd", "registrationNumber": "42", "incorporationCountry": "GB"}
company = clients.create("company", "office@example.com", companyDetails=firm)
fields = {
    "type": "company",
    "entityName": "Example Ltd",
    "email": "office@example.com",
    "companyDetails": firm,
}
made("clients", company, fields)
renamed = clients.update(company.id, companyDetails={"name": "Example plc"})
assert (renamed.entity_name, renamed.company_details.registration_number) == ("Example plc", "42")
office = addresses.create(company.id, "1 Main Street", "Springfield", "US")
statement = documents.create(company.id, "company_incorporation", classification="company_filing")
refused("'companyDetails.name'", clients.create, "company", "a@b", companyDetails={"website": "x"})

# Lists: newest first, page by page, filtered.
everybody = [company.id, jane.id, john.id]
page = clients.list(pageSize=2)
assert (page.page, page.page_size, page.total_items, page.pages) == (1, 2, 3, 2)
assert ids(page) == everybody[:2]
assert ids(clients.auto_list(pageSize=1)) == everybody
assert ids(clients.auto_list(pageSize=2, type="person")) == [jane.id, john.id]
assert ids(clients.list(personDetails={"lastName": "Smith"})) == [john.id]
assert ids(clients.list(personDetails={"firstName": "John", "lastName": "Doe"})) == []
assert ids(clients.list(companyDetails={"name": "Example plc"})) == [company.id]
assert ids(clients.list(metadata={"tier": "gold"}, externalId="E-1")) == [john.id]
assert ids(clients.list(createdAfter=john.created_at)) == [company.id, jane.id]
assert ids(clients.list(createdBefore=jane.created_at)) == [john.id]
assert ids(clients.list(updatedAfter=smith.updated_at)) == [company.id, jane.id]
refused("'pageSize'", clients.list, pageSize=0)
assert ids(addresses.list(john.id)) == [home.id]
assert ids(addresses.auto_list(pageSize=1)) == [office.id, home.id]
assert ids(addresses.list(john.id, city="Springfield")) == []
assert ids(addresses.auto_list(country="US")) == [office.id]
assert ids(documents.auto_list(john.id)) == [paper.id]
assert ids(documents.list(company.id, classification="company_filing")) == [statement.id]
assert ids(documents.list(john.id, issuingCountry="FR")) == []
assert ids(checks.list(clientId=john.id)) == [screened.id, looked.id]
assert ids(checks.auto_list(pageSize=1)) == [alarm.id, screened.id, looked.id]
assert ids(checks.list(result={"outcome": "rejected"})) == [looked.id]
assert ids(checks.list(documentId=paper.id, status="complete")) == [looked.id]
assert ids(checks.list(type="extensive_screening_check")) == [alarm.id]
nothing = checks.list(status="pending")
assert (nothing.total_items, nothing.pages, list(nothing)) == (0, 0, [])
assert list(checks.auto_list(createdAfter="yesterday")) == []

# An image goes, then the document, the address, the clients.
documents.deleteImage(paper.id, "back")
same(raw(f"documents/{paper.id}")["images"], [front])
refused("back", documents.deleteImage, paper.id, "back")
refused("back", documents.download, paper.id, "back")
downloads("front", front, smallest)
assert documents.delete(paper.id) == (None, 204)
assert addresses.delete(home.id) == (None, 204)
assert clients.delete(john.id) == (None, 204)
assert clients.delete(jane.id) == (None, 204)
# With a company go its address and its document.
assert clients.delete(company.id) == (None, 204)

refused("Invalid document id", documents.download, paper.id, "front")
for resource, deleted in [
    (clients, [john, jane, company]),
    (addresses, [home, office]),
    (documents, [paper, statement]),
]:
    for one in deleted:
        refused(f"id '{one.id}'", resource.get, one.id)
        refused(f"id '{one.id}'", resource.update, one.id)
        refused(f"id '{one.id}'", resource.delete, one.id)
refused("Invalid client id", addresses.create, john.id, "High Street", "London", "GB")
for path in ["clients", "addresses", "documents"]:
    assert raw(path)["items"] == [], path
# What was found out about them stays.
assert ids(checks.auto_list()) == [alarm.id, screened.id, looked.id]
assert checks.get(looked.id).result.outcome == "rejected"
