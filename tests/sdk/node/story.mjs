//! A whole story with the official Node SDK against Herald: only the base URL is changed. Exits 0
//! if every answer is as the SDK's users know it.
//!
//! Each change raises the events that the end-to-end test `story` expects, in this order; what is
//! refused, and what changes nothing, raises none.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ID, NOBODY, TIME, connect, ids, invalid, refused, unknown } from './herald.mjs';

const complycube = connect();
const { address, check, client, document } = complycube;

/** The documented order of the fields. */
const ORDER = {
  client: ['id', 'type', 'entityName', 'email', 'mobile', 'telephone', 'externalId', 'joinedDate',
    'personDetails', 'companyDetails', 'metadata', 'createdAt', 'updatedAt'],
  address: ['id', 'clientId', 'type', 'propertyNumber', 'buildingName', 'line', 'city', 'state',
    'postalCode', 'country', 'fromDate', 'toDate', 'createdAt', 'updatedAt'],
  document: ['id', 'clientId', 'type', 'classification', 'issuingCountry', 'images', 'createdAt',
    'updatedAt'],
  image: ['id', 'fileName', 'documentSide', 'downloadLink', 'contentType', 'size', 'createdAt',
    'updatedAt'],
  check: ['id', 'clientId', 'entityName', 'type', 'status', 'documentId', 'addressId',
    'livePhotoId', 'liveVideoId', 'enableMonitoring', 'options', 'clientConsent', 'result',
    'createdAt', 'updatedAt'],
};

/** Fails unless the JSON of `actual` is this kind's, with exactly these fields. `undefined` is
 * absent: a `null` would show. */
function exactly(kind, actual, fields) {
  const names = ORDER[kind].filter((name) => fields[name] !== undefined);
  const expected = Object.fromEntries(names.map((name) => [name, fields[name]]));
  assert.equal(JSON.stringify(actual, null, 1), JSON.stringify(expected, null, 1));
}

/** Fails unless `actual` was just made, with these fields beside its id and its times. */
function made(kind, actual, fields) {
  const { id, createdAt, updatedAt } = actual;
  assert.match(id, ID);
  assert.match(createdAt, TIME);
  assert.equal(updatedAt, createdAt);
  exactly(kind, actual, { ...fields, id, createdAt, updatedAt });
}

/** Fails unless `after` is `before` with these changes, and changed later. */
function changed(kind, before, after, changes) {
  const { updatedAt } = after;
  assert.match(updatedAt, TIME);
  assert.ok(updatedAt >= before.updatedAt, `${updatedAt} should be after ${before.updatedAt}`);
  exactly(kind, after, { ...before, ...changes, updatedAt });
}

/** The check, once it is not pending any more. */
async function completed(id) {
  for (;;) {
    const found = await check.get(id);
    if (found.status !== 'pending') return found;
    await pause(50);
  }
}

/** What the SDK hides of a list: the envelope, and the filters. */
const list = async (path, params) => (await complycube.axiosInstance.get(`${path}/`, { params })).data;
const listed = async (path, params) => ids((await list(path, params)).items);

const base64 = (bytes) => bytes.toString('base64');
const bytesOf = (image) => Buffer.from(image.data, 'base64');

/** Where everything goes; the receiver verifies each notification. */
const [webhook, ...others] = await complycube.webhook.list();
assert.deepEqual([webhook.events, webhook.enabled, others], [['*'], true, []]);

// A client. What Herald does not know is ignored, as is what the other type of client has.
const request = {
  type: 'person',
  email: 'john.doe@example.com',
  mobile: '+447000000000',
  externalId: 'E-1',
  joinedDate: '2020-01-31',
  personDetails: {
    firstName: 'John',
    middleName: 'Quincy',
    lastName: 'Doe',
    dob: '1990-12-31',
    gender: 'male',
    nationality: 'GB',
    birthCountry: 'US',
    ssn: '123-45-6789',
  },
  metadata: { tier: 'gold', note: 'Zoë 😀' },
};
const john = await client.create(
  { ...request, telephone: null, companyDetails: { name: 'Not this one' }, lastActionBy: 'me' });
made('client', john, { ...request, entityName: 'John Quincy Doe' });
exactly('client', await client.get(john.id), john);

// The whole object back, as people do: nothing changes, so nothing is raised.
exactly('client', await client.update(john.id, john), john);

// An update. Details are merged, null removes, the rest stays.
const smith = await client.update(john.id,
  { type: 'company', mobile: null, telephone: '+442000000000', personDetails: { lastName: 'Smith' } });
changed('client', john, smith, {
  entityName: 'John Quincy Smith',
  mobile: undefined,
  telephone: '+442000000000',
  personDetails: { ...request.personDetails, lastName: 'Smith' },
});
exactly('client', await client.get(john.id), smith);

for (const [changes, param] of [
  [{ type: undefined }, 'type'],
  [{ type: 'robot' }, 'type'],
  [{ email: undefined }, 'email'],
  [{ email: 'nobody' }, 'email'],
  [{ joinedDate: '31/01/2020' }, 'joinedDate'],
  [{ personDetails: undefined }, 'personDetails'],
  [{ personDetails: { firstName: 'John' } }, 'personDetails.lastName'],
  [{ personDetails: { ...request.personDetails, nationality: 'UK' } }, 'personDetails.nationality'],
  [{ personDetails: { ...request.personDetails, gender: 'm' } }, 'personDetails.gender'],
  [{ metadata: ['gold'] }, 'metadata'],
  [{ metadata: { tier: 1 } }, 'metadata'],
  [{ metadata: { tier: 'x'.repeat(501) } }, 'metadata'],
]) {
  await refused(() => client.create({ ...request, ...changes }), 400, invalid(param));
}
await refused(() => client.update(john.id, { email: null }), 400, invalid('email'));
await refused(() => client.update(john.id, { metadata: ['gold'] }), 400, invalid('metadata'));
await refused(() => client.get(NOBODY), 404, unknown('client', NOBODY));
await refused(() => client.update('not-an-id', {}), 404, unknown('client', 'not-an-id'));

// An address.
const place = { type: 'main', propertyNumber: '12', line: 'High Street', city: 'London',
  postalCode: 'W1A 1AA', country: 'GB', fromDate: '2010-05-01' };
const home = await address.create(john.id, place);
made('address', home, { clientId: john.id, ...place });
exactly('address', await address.get(home.id), home);
exactly('address', await address.update(home.id, { ...home, clientId: NOBODY }), home);
const moved = await address.update(home.id,
  { line: 'Low Street', buildingName: 'The Mill', fromDate: null });
changed('address', home, moved,
  { line: 'Low Street', buildingName: 'The Mill', fromDate: undefined });

await refused(() => address.create(john.id, { ...place, country: 'NOTACOUNTRYCODE' }), 400, invalid('country'));
await refused(() => address.create(john.id, { ...place, type: 'holiday' }), 400, invalid('type'));
await refused(() => address.create(john.id, { ...place, line: undefined }), 400, invalid('line'));
await refused(() => address.create(NOBODY, place), 404, unknown('client', NOBODY, 'clientId'));
await refused(() => address.get(NOBODY), 404, unknown('address', NOBODY));

// A document. It can be checked once it says where it is from, and shows its front.
const paper = { type: 'passport', classification: 'proof_of_identity' };
const blank = await document.create(john.id, paper);
made('document', blank, { clientId: john.id, ...paper });
const looksAtIt = { type: 'document_check', documentId: blank.id };
await refused(() => check.create(john.id, looksAtIt), 422, { type: 'document_requires_issuing_country' });
const issued = await document.update(blank.id, { issuingCountry: 'GB' });
changed('document', blank, issued, { issuingCountry: 'GB' });
exactly('document', await document.update(blank.id, issued), issued);
await refused(() => check.create(john.id, looksAtIt), 422, { type: 'document_requires_front_image' });

await refused(() => document.create(john.id, { type: 'scroll' }), 400, invalid('type'));
await refused(() => document.create(NOBODY, paper), 404, unknown('client', NOBODY, 'clientId'));

// Images: the smallest and the largest that there may be, and one that replaces another.
const [smallest, largest] = [randomBytes(34 * 1024), randomBytes(4 * 1024 * 1024)];
async function upload(side, fileName, bytes, contentType) {
  const image = await document.upload(blank.id, { fileName, data: base64(bytes) }, side);
  const { downloadLink } = image;
  assert.ok(downloadLink.endsWith(`/v1/documents/${blank.id}/download/${side}`), downloadLink);
  made('image', image, { fileName, documentSide: side, downloadLink, contentType, size: bytes.length });
  return image;
}
async function downloads(side, image, bytes) {
  const { data, ...about } = await document.download(blank.id, side);
  assert.deepEqual(about, image);
  assert.ok(bytesOf({ data }).equals(bytes), 'every byte comes back');
}
await upload('front', 'blurred.jpeg', largest.subarray(0, 50_000), 'image/jpeg');
const back = await upload('back', 'back.png', largest, 'image/png');
const front = await upload('front', 'front.jpg', smallest, 'image/jpg');
const shown = await document.get(blank.id);
changed('document', issued, shown, { images: [front, back] });
assert.equal(shown.updatedAt, front.updatedAt);
await downloads('front', front, smallest);
await downloads('back', back, largest);
await downloads('inside', front, smallest);
const linked = await complycube.axiosInstance.get(new URL(back.downloadLink, process.env.HERALD_BASE_URL).href);
assert.ok(bytesOf(linked.data).equals(largest), 'the link leads to the image');

const image = { fileName: 'front.jpg', data: base64(smallest) };
for (const [side, changes, param] of [
  ['inside', {}, 'documentSide'],
  ['front', { fileName: 'front.gif' }, 'fileName'],
  ['front', { fileName: undefined }, 'fileName'],
  ['front', { data: 'not base64!' }, 'data'],
  ['front', { data: base64(smallest.subarray(1)) }, 'data'],
  ['front', { data: base64(Buffer.concat([largest, Buffer.of(0)])) }, 'data'],
]) {
  await refused(() => document.upload(blank.id, { ...image, ...changes }, side), 400, invalid(param));
}
await refused(() => document.upload(NOBODY, image, 'front'), 404, unknown('document', NOBODY));
// Reading where only deleting is meant deletes nothing.
const misread = await complycube.axiosInstance.get(`documents/${blank.id}/front`, { validateStatus: null });
assert.deepEqual([misread.status, misread.data.type], [404, 'resource_not_found']);
exactly('document', await document.get(blank.id), shown);

// A check of the document completes by itself, and a person does not agree.
const [pending, clear] = [{ status: 'pending' }, { status: 'complete', result: { outcome: 'clear' } }];
const looked = await check.create(john.id, looksAtIt);
const ofJohn = { clientId: john.id, entityName: 'John Quincy Smith', enableMonitoring: false };
made('check', looked, { ...ofJohn, ...looksAtIt, ...pending });
const found = await completed(looked.id);
changed('check', looked, found, clear);
assert.deepEqual(await check.validate(looked.id, { outcome: 'rejected', comment: 'It is not John.' }),
  { outcome: 'rejected' });
const judged = await check.get(looked.id);
assert.equal(judged.result.outcome, 'rejected');
await refused(() => check.update(looked.id, { enableMonitoring: true }), 422, { type: 'invalid_check_update' });

// A screening says what it has looked at, and has matches even if there are none.
const screening = { type: 'standard_screening_check', options: { lists: ['a', 'b'] }, clientConsent: true };
const screened = await check.create(john.id, screening);
made('check', screened, { ...ofJohn, ...screening, ...pending });
const { result } = await completed(screened.id);
assert.deepEqual(Object.keys(result), ['outcome', 'breakdown']);
assert.equal(result.outcome, 'clear');
assert.deepEqual(Object.keys(result.breakdown), ['summary', 'matches']);
assert.deepEqual(result.breakdown.matches, []);

await refused(() => check.create(john.id, { type: 'horoscope' }), 400, invalid('type'));
await refused(() => check.create(john.id, { type: 'document_check' }), 400, invalid('documentId'));
await refused(() => check.create(john.id, { type: 'document_check', documentId: NOBODY }), 404,
  unknown('document', NOBODY, 'documentId'));
await refused(() => check.create(NOBODY, screening), 404, unknown('client', NOBODY, 'clientId'));
await refused(() => check.get(NOBODY), 404, unknown('check', NOBODY));

// A client who needs attention: the match is looked at, rejected, and then watched.
const jane = await client.create(
  { type: 'person', email: 'jane@example.com', personDetails: { firstName: 'Jane', lastName: 'attention' } });
const alarm = await check.create(jane.id, { type: 'extensive_screening_check' });
const alarmed = await completed(alarm.id);
assert.equal(alarmed.result.outcome, 'attention');
const [match] = alarmed.result.breakdown.matches;
assert.ok(match.id);
const rejection = { outcome: 'rejected', matchId: match.id };
await refused(() => check.validate(alarm.id, { outcome: 'rejected' }), 400, invalid('matchId'));
await refused(() => check.validate(alarm.id, { ...rejection, outcome: 'perhaps' }), 400, invalid('outcome'));
await refused(() => check.validate(alarm.id, { ...rejection, comment: 'x'.repeat(4001) }), 400, invalid('comment'));
await refused(() => check.validate(alarm.id, { ...rejection, matchId: NOBODY }), 404,
  unknown('match', NOBODY, 'matchId'));
await refused(() => check.validate(NOBODY, rejection), 404, unknown('check', NOBODY));
assert.deepEqual(await check.validate(alarm.id, rejection), { outcome: 'clear' });
const cleared = await check.get(alarm.id);
assert.equal(cleared.result.outcome, 'clear');
const watched = await check.update(alarm.id, { ...cleared, enableMonitoring: true });
changed('check', cleared, watched, { enableMonitoring: true });
exactly('check', await check.update(alarm.id, { enableMonitoring: true }), watched);
await refused(() => check.update(alarm.id, { options: {} }), 422, { type: 'invalid_check_update' });

// A company. Where it is, a state may be left out.
const firm = {
  type: 'company',
  email: 'office@example.com',
  companyDetails: { name: 'Example Ltd', website: 'https://example.com', registrationNumber: '42',
    incorporationCountry: 'GB', incorporationType: 'private_limited_company' },
};
const company = await client.create({ ...firm, personDetails: { firstName: 'Not this one' } });
made('client', company, { ...firm, entityName: 'Example Ltd' });
changed('client', company, await client.update(company.id, { companyDetails: { name: 'Example plc' } }),
  { entityName: 'Example plc', companyDetails: { ...firm.companyDetails, name: 'Example plc' } });
const office = await address.create(company.id, { line: '1 Main Street', city: 'Springfield', country: 'US' });
made('address', office, { clientId: company.id, line: '1 Main Street', city: 'Springfield', country: 'US' });
const statement = await document.create(company.id, { type: 'company_incorporation', classification: 'company_filing' });
await refused(() => client.create({ ...firm, companyDetails: { website: 'x' } }), 400, invalid('companyDetails.name'));

// Lists: newest first, page by page, filtered.
assert.deepEqual(ids(await client.list()), [company.id, jane.id, john.id]);
assert.deepEqual(ids(await client.list({ page: 2, pageSize: 2 })), [john.id]);
exactly('client', (await client.list({ page: 3, pageSize: 1 }))[0], smith);
await refused(() => client.list({ page: 0 }), 400, invalid('page'));
await refused(() => client.list({ pageSize: 1001 }), 400, invalid('pageSize'));
assert.deepEqual(ids(await address.list(john.id)), [home.id]);
assert.deepEqual(ids(await address.list(undefined)), [office.id, home.id]);
assert.deepEqual(ids(await document.list(john.id)), [blank.id]);
assert.deepEqual(ids(await check.list(john.id)), [screened.id, looked.id]);
assert.deepEqual(ids(await check.list(john.id, { page: 2, pageSize: 1 })), [looked.id]);
assert.deepEqual(ids(await check.list(undefined)), [alarm.id, screened.id, looked.id]);
const page = await list('clients', { page: 1, pageSize: 2 });
assert.equal(JSON.stringify({ ...page, items: ids(page.items) }),
  JSON.stringify({ page: 1, pageSize: 2, totalItems: 3, pages: 2, items: [company.id, jane.id] }));
for (const [path, filter, expected] of [
  ['clients', { type: 'company' }, [company.id]],
  ['clients', { email: 'john.doe@example.com' }, [john.id]],
  ['clients', { telephone: '+442000000000' }, [john.id]],
  ['clients', { mobile: '+447000000000' }, []],
  ['clients', { externalId: 'E-1', joinedDate: '2020-01-31' }, [john.id]],
  ['clients', { externalId: 'E-1', type: 'company' }, []],
  ['clients', { 'personDetails.lastName': 'Smith' }, [john.id]],
  ['clients', { 'personDetails.lastName': 'Doe' }, []],
  ['clients', { 'companyDetails.name': 'Example plc' }, [company.id]],
  ['clients', { 'metadata.tier': 'gold' }, [john.id]],
  ['clients', { createdAfter: john.createdAt }, [company.id, jane.id]],
  ['clients', { createdBefore: jane.createdAt }, [john.id]],
  ['clients', { updatedAfter: smith.updatedAt, updatedBefore: '2999-01-01T00:00:00.000Z' }, [company.id, jane.id]],
  ['addresses', { city: 'London', country: 'GB', type: 'main' }, [home.id]],
  ['addresses', { clientId: company.id, city: 'London' }, []],
  ['documents', { classification: 'company_filing' }, [statement.id]],
  ['documents', { type: 'passport', issuingCountry: 'GB', clientId: john.id }, [blank.id]],
  ['checks', { type: 'document_check' }, [looked.id]],
  ['checks', { documentId: blank.id }, [looked.id]],
  ['checks', { status: 'pending' }, []],
  ['checks', { status: 'complete', 'result.outcome': 'clear' }, [alarm.id, screened.id]],
  ['checks', { 'result.outcome': 'rejected', clientId: john.id }, [looked.id]],
]) {
  assert.deepEqual(await listed(path, filter), expected, JSON.stringify([path, filter]));
}
assert.deepEqual(await list('addresses', { createdAfter: 'yesterday' }),
  { page: 1, pageSize: 100, totalItems: 0, pages: 0, items: [] });

// An image goes, then the document, the address, the clients.
await document.deleteImage(blank.id, 'back');
changed('document', shown, await document.get(blank.id), { images: [front] });
const gone = { type: 'resource_not_found' };
await refused(() => document.deleteImage(blank.id, 'back'), 404, gone);
await refused(() => document.download(blank.id, 'back'), 404, gone);
await downloads('front', front, smallest);
await document.delete(blank.id);
await address.delete(home.id);
await client.delete(john.id);
await client.delete(jane.id);
// With a company go its address and its document.
await client.delete(company.id);

await refused(() => document.download(blank.id, 'front'), 404, unknown('document', blank.id));
for (const [resource, noun, ...deleted] of [
  [client, 'client', john, jane, company],
  [address, 'address', home, office],
  [document, 'document', blank, statement],
]) {
  for (const { id } of deleted) {
    await refused(() => resource.get(id), 404, unknown(noun, id));
    await refused(() => resource.update(id, {}), 404, unknown(noun, id));
    await refused(() => resource.delete(id), 404, unknown(noun, id));
  }
}
await refused(() => address.create(john.id, place), 404, unknown('client', john.id, 'clientId'));
for (const path of ['clients', 'addresses', 'documents']) {
  assert.deepEqual(await listed(path), [], path);
}
// What was found out about them stays.
assert.deepEqual(await listed('checks'), [alarm.id, screened.id, looked.id]);
exactly('check', await check.get(looked.id), judged);
