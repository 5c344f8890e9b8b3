// A server of Node for the bench: answers every request with one text, and with `validator` holds it against an OpenAPI
// document before that. Without, the body is read and dropped, as Envoy does it.
//
// express.mjs DOCUMENT PORT ANSWER bare|validator

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.PORTCULLIS_VALIDATOR}/package.json`);
const express = require('express');
const { middleware } = require('express-openapi-validator');

const [document, port, answer, kind] = process.argv.slice(2);
const app = express();
app.disable('x-powered-by');
app.disable('etag');
const respond = (response) => response.status(200).type('json').send(answer);
if (kind === 'validator') {
  app.use(express.json({ limit: '4mb' }));
  app.use(
    middleware({
      apiSpec: JSON.parse(readFileSync(document)),
      validateApiSpec: false,
      validateRequests: true,
      validateResponses: false,
      validateSecurity: false,
      validateFormats: true,
      ajvFormats: { mode: 'full' },
      fileUploader: false,
    }),
  );
  app.use((_request, response) => respond(response));
  app.use((error, _request, response, _next) => response.status(error.status ?? 500).json({ message: error.message }));
} else {
  app.use((request, response) => request.resume().on('end', () => respond(response)));
}
app.listen(Number(port), '127.0.0.1');
