# One image for every process; the argument chooses which: dist/src/main.js (API, the default) or one of dist/workers/*.js.
#
#   docker buildx build --build-arg VERSION=0.1.0 --build-arg REVISION="$(git rev-parse HEAD)" \
#     --sbom=true --provenance=mode=max --tag registry.example.com/auto-com-center:0.1.0 --push .
#
# The base is pinned by its version tag. A tag can be moved: at release, pin what was tested by its digest,
# --build-arg NODE_IMAGE=node:24.22.3-trixie-slim@sha256:…
ARG NODE_IMAGE=node:24.22.3-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.ts scripts/
COPY local local
COPY src src
COPY workers workers
RUN node scripts/build.ts

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --omit=dev

FROM ${NODE_IMAGE} AS runtime
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="auto_com_center" \
      org.opencontainers.image.description="Message dispatcher: API, planner, sender and guard in one image" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# What runs needs no package manager; the outbox is the one place that is written to, and is meant to be a volume.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* \
 && mkdir -p /var/lib/acc/outbox \
 && chown 10001:10001 /var/lib/acc/outbox
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    METRICS_PORT=9090 \
    OUTBOX_DIR=/var/lib/acc/outbox
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY templates templates
COPY --from=build /app/dist/src dist/src
COPY --from=build /app/dist/workers dist/workers
# A number, so that Kubernetes can see that it is not root. The program belongs to root and cannot be changed.
USER 10001:10001
EXPOSE 8080 9090
# Kubernetes probes over HTTP; nothing in the image runs a shell.
HEALTHCHECK NONE
ENTRYPOINT ["node", "--enable-source-maps"]
CMD ["dist/src/main.js"]
