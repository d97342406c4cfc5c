/** `parley/server`: the HTTP contract as a Fastify plugin, and the standalone server's application. */
export { type AppOptions, buildApp } from '#server/app';
export { createCognitoVerifier } from '#server/auth/cognito';
export { createEmbeddedIssuer } from '#server/auth/embedded-issuer';
export { type ParleyServerOptions, parleyServer } from '#server/plugin';
