/**
 * The managed identity's token endpoint, as App Service has it (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`):
 * learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference.
 */
import { createServer, type Server } from 'node:http';
import type { Tokens } from './tokens';

const apiVersion = '2019-08-01';

export function createIdentityEndpoint(tokens: Tokens, identityHeader: string): Server {
  return createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://identity');
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
    };
    const resource = url.searchParams.get('resource');
    if (request.method !== 'GET' || url.pathname !== '/msi/token')
      answer(404, problem(404, 'only GET /msi/token is here'));
    else if (request.headers['x-identity-header'] !== identityHeader)
      answer(401, problem(401, 'x-identity-header is missing or not the value of IDENTITY_HEADER'));
    else if (url.searchParams.get('api-version') !== apiVersion)
      answer(400, problem(400, `api-version must be ${apiVersion}`));
    else if (!resource) answer(400, problem(400, 'the query parameter resource is missing'));
    else {
      const { token, expiresOn } = tokens.issue(resource);
      answer(200, { access_token: token, expires_on: String(expiresOn), resource, token_type: 'Bearer' });
    }
  });
}

function problem(statusCode: number, message: string): { statusCode: number; message: string } {
  return { statusCode, message };
}
