# The server alone, without a database: MONGODB_URI names a replica set or sharded cluster, 6.0 or newer.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY definitions definitions
RUN npm run build

FROM node:20-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force && install -d -o node -g node -m 0700 /data
COPY definitions definitions
COPY profiles profiles
COPY --from=build /app/dist dist
USER node
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# There is no mongod in the image, and none is looked for
CMD ["sh", "-c", ": \"${MONGODB_URI:?must name a MongoDB replica set or sharded cluster, 6.0 or newer}\" && exec node --max-semi-space-size=16 --enable-source-maps dist/main.js"]
