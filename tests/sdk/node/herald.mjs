//! What the scripts share: the official SDK with another base URL, and what a refusal has to be.

import assert from 'node:assert/strict';
import sdk from '@complycube/api';

const { ComplyCube, ComplyCubeApiError } = sdk;

/** The SDK's client; only the base URL is changed. */
export function connect(apiKey = process.env.API_KEY) {
  const complycube = new ComplyCube({ apiKey });
  complycube.axiosInstance.defaults.baseURL = process.env.HERALD_BASE_URL;
  return complycube;
}

/** Fails unless `call` is refused with this status, this `type` and `param`, and this message if
 * one is expected. */
export async function refused(call, status, { type, param, message }) {
  const error = await call().then(
    (value) => assert.fail(`should be refused, but was ${JSON.stringify(value)}`),
    (reason) => reason,
  );
  assert.ok(error instanceof ComplyCubeApiError, String(error));
  assert.equal(error.statusCode, status, String(error));
  assert.deepEqual({ type: error.type, param: error.param }, { type, param }, String(error));
  const body = error.responseBody;
  assert.ok(body.message, 'every error has a message');
  if (message) assert.equal(body.message, message);
  const fields = param ? ['message', 'param', 'type'] : ['message', 'type'];
  assert.deepEqual(Object.keys(body).sort(), fields, 'an error is flat');
}

/** A refusal that blames a field of the request. */
export const invalid = (param) => ({ type: 'invalid_request', param });

/** A refusal of an id that is not known; `param` if it was in the request's body. */
export const unknown = (noun, id, param) =>
  ({ type: 'resource_not_found', message: `Invalid ${noun} id '${id}'`, param });

export const ID = /^[0-9a-f]{24}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** An id that nothing has. */
export const NOBODY = '5eb04fcd0f3e360008035eb2';

export const ids = (objects) => objects.map((object) => object.id);
