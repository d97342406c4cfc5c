# The service's image, and the life-cycle tasks'. Non-root, no shell needed at run time, fit for a read-only file system.
#
# The base is pinned to an exact version here and to its digest when it is built for deployment (docs/DEPLOY.md):
#   docker buildx build --platform linux/arm64 --build-arg NODE_IMAGE=node:24.11.1-bookworm-slim@sha256:<digest> .
ARG NODE_IMAGE=node:24.11.1-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY web/package.json web/
COPY infra/package.json infra/
RUN npm install --no-audit --no-fund
COPY tsconfig.json tsconfig.base.json ./
COPY src src
COPY web web
# The database server that tests use has no place in an image; native parts of what remains are optional dependencies, and stay.
RUN npm run build \
 && npm prune --omit=dev --no-audit --no-fund \
 && rm -rf node_modules/@dynoxide

FROM ${NODE_IMAGE}
# A user that is only a number has no home of its own, and the SDK, which looks there for settings, does not start without one.
ENV NODE_ENV=production \
    HOME=/app \
    HOST=0.0.0.0 \
    PORT=3000
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/web/dist web/dist
# A number, so that orchestrators can see it is not root; no such user needs to exist.
USER 65532:65532
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1: SIGTERM reaches it, and it is gone within ten seconds.
ENTRYPOINT ["node", "--enable-source-maps"]
CMD ["dist/server/main.js"]
