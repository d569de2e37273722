//! The official Node SDK against Herald: only the base URL is changed. Exits 0 if everything is as
//! the SDK's users know it.

import assert from 'node:assert/strict';
import sdk from '@complycube/api';

const { ComplyCube, ComplyCubeApiError } = sdk;
const { HERALD_BASE_URL, API_KEY } = process.env;

function client(apiKey) {
  const complycube = new ComplyCube({ apiKey });
  complycube.axiosInstance.defaults.baseURL = HERALD_BASE_URL;
  return complycube;
}

/** Fails unless `call` is refused with this status and these fields of the body. */
async function refused(call, status, fields) {
  const error = await call().then(
    (value) => assert.fail(`should be refused, but was ${JSON.stringify(value)}`),
    (reason) => reason,
  );
  assert.ok(error instanceof ComplyCubeApiError, String(error));
  assert.equal(error.statusCode, status);
  const { type, param } = error;
  assert.deepEqual({ type, param }, { param: undefined, ...fields });
  assert.ok(error.responseBody.message, 'every error has a message');
}

const complycube = client(API_KEY);
const request = {
  url: 'https://example.com/hooks',
  enabled: true,
  events: ['client.created', 'check.completed'],
  description: 'Made by the Node SDK',
};

// Create: the one answer with the secret.
const created = await complycube.webhook.create(request);
const { id, secret, createdAt, updatedAt, ...given } = created;
assert.deepEqual(given, request);
assert.match(id, /^[0-9a-f]{24}$/);
assert.match(secret, /^[A-Za-z0-9]{32}$/);
assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
assert.equal(updatedAt, createdAt);

// Get.
const { secret: _secret, ...shown } = created;
assert.deepEqual(await complycube.webhook.get(id), shown);

// Update with the whole object, as people do who change one field of what they got.
const updated = await complycube.webhook.update(id, { ...created, description: 'Renamed' });
assert.equal(updated.description, 'Renamed');
assert.equal(updated.secret, undefined);
assert.deepEqual(updated.events, request.events);
const disabled = await complycube.webhook.update(id, { enabled: false });
assert.equal(disabled.enabled, false);
assert.equal(disabled.description, 'Renamed');

// List and page, newest first. A host without a dot is accepted when saving.
const more = [];
for (const events of [['*'], ['address.created']]) {
  more.unshift(await complycube.webhook.create({ url: 'https://newurl/endpoint', enabled: true, events }));
}
const ids = (webhooks) => webhooks.map((webhook) => webhook.id);
const everything = [...ids(more), id];
assert.deepEqual(ids(await complycube.webhook.list()), everything);
assert.deepEqual(ids(await complycube.webhook.list({ page: 2, pageSize: 2 })), [id]);
assert.deepEqual(await complycube.webhook.list({ page: 9, pageSize: 2 }), []);

// Filters and the envelope, which this SDK does not show.
const list = async (params) =>
  (await complycube.axiosInstance.get('webhooks/', { params })).data;
const page = await list({ pageSize: 2 });
assert.deepEqual({ ...page, items: ids(page.items) },
  { page: 1, pageSize: 2, totalItems: 3, pages: 2, items: everything.slice(0, 2) });
assert.deepEqual(ids((await list({ enabled: false })).items), [id]);
assert.deepEqual(ids((await list({ url: request.url })).items), [id]);
assert.deepEqual(ids((await list({ events: '*' })).items), [more[1].id]);
assert.deepEqual(await list({ enabled: 'perhaps' }),
  { page: 1, pageSize: 100, totalItems: 0, pages: 0, items: [] });

// Errors.
const { webhook } = complycube;
const invalid = (param) => ({ type: 'invalid_request', param });
await refused(() => webhook.create({ ...request, url: 'http://example.com/' }), 400, invalid('url'));
await refused(() => webhook.create({ ...request, url: undefined }), 400, invalid('url'));
await refused(() => webhook.create({ ...request, enabled: 'yes' }), 400, invalid('enabled'));
await refused(() => webhook.create({ ...request, events: ['client.exploded'] }), 400, invalid('events'));
await refused(() => webhook.list({ pageSize: 1001 }), 400, invalid('pageSize'));
await refused(() => webhook.get('5eb04fcd0f3e360008035eb2'), 404, { type: 'resource_not_found' });
await refused(() => webhook.get('not-an-id'), 404, { type: 'resource_not_found' });
await refused(() => client('test_nobodysKey').webhook.list(), 401, { type: 'unauthorized' });

// Delete.
for (const one of everything) {
  await webhook.delete(one);
  await refused(() => webhook.get(one), 404, { type: 'resource_not_found' });
}
await refused(() => webhook.delete(id), 404, { type: 'resource_not_found' });
assert.deepEqual(await webhook.list(), []);
