// The two that judge: ours, a program that is told requests on lines, and express-openapi-validator behind HTTP.

import { spawn } from 'node:child_process';
import http from 'node:http';
import readline from 'node:readline';
import { express, middleware } from './packages.mjs';

/** Ours; `judge` answers a request with `{status, code, errors}`. */
export async function ours(program, file) {
  const child = spawn(program, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${program} ended`);
    return JSON.parse(value);
  };
  const { refused } = await next();
  return {
    refused,
    async judge({ method, path, headers, body }) {
      const encoded = body === undefined ? null : Buffer.from(body).toString('base64');
      child.stdin.write(`${JSON.stringify({ method, path, headers, body: encoded })}\n`);
      return next();
    },
    end: () => child.stdin.end(),
  };
}

/** The other; `judge` answers a request with `{status, errors}`. */
export async function theirs(document) {
  const app = express();
  const is = (pattern) => ({ type: (request) => pattern.test(request.headers['content-type'] ?? ''), limit: '4mb' });
  app.use(express.json({ ...is(/json/), strict: false }));
  app.use(express.urlencoded({ ...is(/x-www-form-urlencoded/), extended: true }));
  app.use(express.text(is(/^text\//)));
  app.use(
    middleware({
      apiSpec: document,
      validateApiSpec: false,
      validateRequests: { allowUnknownQueryParameters: true },
      validateResponses: false,
      validateSecurity: false,
      validateFormats: true,
      ajvFormats: { mode: 'full' },
      fileUploader: false,
    }),
  );
  app.use((_request, response) => response.status(200).end());
  app.use((error, _request, response, _next) => {
    const errors = (error.errors ?? []).map(({ path, message, errorCode }) => ({ path, message, errorCode }));
    response.status(error.status ?? 500).json({ message: error.message, errors });
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const { port } = server.address();
  return {
    judge: (request) => send(agent, port, request),
    end() {
      agent.destroy();
      server.close();
    },
  };
}

function send(agent, port, { method, path, headers, body }) {
  return new Promise((resolve, reject) => {
    const options = { agent, host: '127.0.0.1', port, method, path, headers: Object.fromEntries(headers) };
    const request = http.request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => (text += part));
      response.on('end', () => {
        let told = {};
        try {
          told = JSON.parse(text);
        } catch {}
        resolve({ status: response.statusCode, message: told.message, errors: told.errors ?? [] });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}
