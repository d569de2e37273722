//! A receiver as a Node developer writes one: HTTPS, and the official verifiers.
//!
//! It says where it listens, is told the secret on standard input, and reports each notification
//! as a line of JSON: `id`, the event's `type`, or the `problem` if anything was wrong with it.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createInterface } from 'node:readline';
import sdk from '@complycube/api';
import { Webhook } from 'standardwebhooks';

const { EventVerifier } = sdk;
let secret;

const report = (fields) => console.log(JSON.stringify(fields));

/** Throws unless `check` throws: a verifier that accepts everything proves nothing. */
function mustRefuse(what, check) {
  try {
    check();
  } catch {
    return;
  }
  throw new Error(`${what} was accepted`);
}

function verify(raw, headers) {
  const verifier = new EventVerifier(secret);
  const signature = headers['complycube-signature'];
  const event = verifier.constructEvent(raw, signature);
  // Many receivers get only the parsed body from their framework, and make a text of it again.
  verifier.constructEvent(JSON.stringify(JSON.parse(raw)), signature);
  mustRefuse('a changed body', () => verifier.constructEvent(`${raw} `, signature));

  const standard = new Webhook(secret);
  standard.verify(raw, headers);
  standard.verify(JSON.stringify(JSON.parse(raw)), headers);
  const replayed = { ...headers, 'webhook-timestamp': '1500000000' };
  mustRefuse('an old timestamp', () => standard.verify(raw, replayed));

  const keys = Object.keys(event).join();
  if (keys !== 'id,type,resourceType,payload,createdAt') throw new Error(`the event has ${keys}`);
  if (event.id !== headers['webhook-id']) throw new Error('the event has another id than its header');
  const { type, resourceType } = event;
  if (!type.startsWith(`${resourceType}.`)) throw new Error(`${type} is about a ${resourceType}`);
  return type;
}

const options = { cert: readFileSync(process.env.CERTIFICATE), key: readFileSync(process.env.KEY) };
const server = createServer(options, async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const id = request.headers['webhook-id'];
  try {
    const type = verify(Buffer.concat(chunks).toString('utf8'), request.headers);
    response.writeHead(200).end();
    report({ id, type });
  } catch (error) {
    response.writeHead(400).end();
    report({ id, problem: error.message });
  }
});

server.listen(0, '127.0.0.1', () => report({ port: server.address().port }));
createInterface({ input: process.stdin }).on('line', (line) => {
  secret = line;
  report({ secret: 'known' });
});
