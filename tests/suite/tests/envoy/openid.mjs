// usage: node openid.mjs FOLDER      an OpenID provider at a free port of loopback, for openid.rs
//
// FOLDER holds the package oidc-provider in its node_modules. The provider prints its URL once it listens. A token
// for the resource https://jwt.test is a JWT, any other is opaque. POST /rotate: from now on a new key signs, and the
// former ones stay published.
import { X509Certificate, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const library = pathToFileURL(`${process.argv[2]}/node_modules/oidc-provider/lib/`);
const { default: Provider } = await import(new URL('index.js', library));
const { createMemoryAdapter } = await import(new URL('adapters/memory_adapter.js', library));

const JWT_RESOURCE = 'https://jwt.test';

const machine = {
  id_token_signed_response_alg: 'ES256',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
};

const clients = [
  { ...machine, client_id: 'shop', client_secret: 'shop-secret', scope: 'read write' },
  { ...machine, client_id: 'gate:way', client_secret: process.env.GATEWAY_SECRET },
  {
    ...machine,
    client_id: 'robot',
    client_secret: 'robot-secret',
    scope: 'read',
    tls_client_certificate_bound_access_tokens: true,
  },
];

const keys = [];

function addKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = privateKey.export({ format: 'jwk' });
  keys.unshift({ ...jwk, kid: randomUUID(), use: 'sig', alg: 'ES256' });
}

function resourceServer() {
  return {
    scope: 'read write',
    audience: JWT_RESOURCE,
    accessTokenFormat: 'jwt',
    accessTokenTTL: 3600,
    jwt: { sign: { alg: 'ES256' } },
  };
}

// As a proxy in front that ends TLS would pass it on.
function certificate(context) {
  const sent = context.get('x-client-certificate');
  return sent ? new X509Certificate(decodeURIComponent(sent)) : undefined;
}

const configuration = {
  adapter: createMemoryAdapter(),
  clients,
  scopes: ['read', 'write'],
  cookies: { keys: ['unused'] },
  enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256'] },
  ttl: { ClientCredentials: 3600 },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    mTLS: { enabled: true, certificateBoundAccessTokens: true, getCertificate: certificate },
    resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer },
  },
};

// A provider's keys are fixed, so each set has one of its own. The adapter keeps the tokens of all.
function provider(issuer) {
  return new Provider(issuer, { ...configuration, jwks: { keys } }).callback();
}

addKey();
let answer;
const server = createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/rotate') {
    addKey();
    answer = provider(issuer);
    response.end();
  } else {
    answer(request, response);
  }
});
let issuer;
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  answer = provider(issuer);
  console.log(issuer);
});
// It ends with whoever started it.
process.stdin.resume().on('end', () => process.exit());
