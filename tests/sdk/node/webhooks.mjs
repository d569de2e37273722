//! The official Node SDK against Herald: only the base URL is changed. Exits 0 if everything is as
//! the SDK's users know it.

import assert from 'node:assert/strict';
import { ID, NOBODY, TIME, connect, ids, invalid, refused, unknown } from './herald.mjs';

const complycube = connect();
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
assert.match(id, ID);
assert.match(secret, /^[A-Za-z0-9]{32}$/);
assert.match(createdAt, TIME);
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
await refused(() => webhook.create({ ...request, url: 'http://example.com/' }), 400, invalid('url'));
await refused(() => webhook.create({ ...request, url: undefined }), 400, invalid('url'));
await refused(() => webhook.create({ ...request, enabled: 'yes' }), 400, invalid('enabled'));
await refused(() => webhook.create({ ...request, events: ['client.exploded'] }), 400, invalid('events'));
await refused(() => webhook.list({ pageSize: 1001 }), 400, invalid('pageSize'));
await refused(() => webhook.get(NOBODY), 404, unknown('webhook', NOBODY));
await refused(() => webhook.get('not-an-id'), 404, unknown('webhook', 'not-an-id'));
await refused(() => connect('test_nobodysKey').webhook.list(), 401, { type: 'unauthorized' });

// Delete.
for (const one of everything) {
  await webhook.delete(one);
  await refused(() => webhook.get(one), 404, unknown('webhook', one));
}
await refused(() => webhook.delete(id), 404, unknown('webhook', id));
assert.deepEqual(await webhook.list(), []);
