# Three images: the server (`docker build -t manywire .`), and by --target `clients` (the Python clients of python/) and
# `interop` (every foreign client and server, and the bench).
#
# SETTINGS names an image whose file /env the shell reads before anything is downloaded: proxies, certificates, mirrors.
# By default there is none; nothing of it stays in an image.
ARG SETTINGS=scratch
FROM ${SETTINGS} AS settings

FROM rust:1.95-slim-bookworm AS sources
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY proto proto
COPY crates crates
ENV CARGO_PROFILE_RELEASE_STRIP=symbols

FROM sources AS build
# glibc is linked in: the same allocator and speed as outside a container. With --target, macros and build scripts are
# linked as ever.
RUN --mount=type=bind,from=settings,target=/run/settings \
    --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    [ ! -f /run/settings/env ] || . /run/settings/env; \
    target=$(rustc --print host-tuple) && mkdir -p /out/data && \
    RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --locked --target "$target" --package manywire-cli && \
    cp "target/$target/release/manywire" /out/

# What drives the interop table, what the bench compares with, and the Python module, which no Python is needed to build.
FROM sources AS build-drivers
RUN --mount=type=bind,from=settings,target=/run/settings \
    --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    [ ! -f /run/settings/env ] || . /run/settings/env; \
    mkdir -p /out/examples && export PYO3_NO_PYTHON=1 PYO3_BUILD_EXTENSION_MODULE=1 && \
    cargo build --release --locked --package manywire-interop --package manywire-python --lib --bins && \
    cargo build --release --locked --package manywire-grpc --example bare && \
    cd target/release && cp interop interop-client interop-commands floor-gob floor-json floor-jsonrpc floor-xmlrpc /out/ && \
    cp examples/bare /out/examples/ && cp lib_native.so /_native.abi3.so

FROM golang:1.26-bookworm AS build-go
ENV CGO_ENABLED=0 GOTOOLCHAIN=local
WORKDIR /src
COPY crates/interop/go interop
COPY crates/grpc/go grpc
COPY crates/interop/grpcurl grpcurl
RUN --mount=type=bind,from=settings,target=/run/settings \
    --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    [ ! -f /run/settings/env ] || . /run/settings/env; \
    mkdir -p /out/interop-go /out/interop-grpc-go /out/interop-tools && \
    go build -C interop -trimpath -o /out/interop-go ./cmd/... && \
    go build -C grpc -trimpath -o /out/interop-grpc-go ./cmd/... && \
    go build -C grpcurl -trimpath -o /out/interop-tools github.com/fullstorydev/grpcurl/cmd/grpcurl
# The bench looks for all of them in one folder.
RUN mkdir /bench && cd /out && for program in interop-go/* interop-grpc-go/*; do ln -s "../release/$program" /bench/; done

FROM node:20-bookworm-slim AS build-node
WORKDIR /src
COPY crates/interop/node/package.json crates/interop/node/package-lock.json ./
RUN --mount=type=bind,from=settings,target=/run/settings \
    --mount=type=cache,target=/root/.npm \
    [ ! -f /run/settings/env ] || . /run/settings/env; \
    npm ci --no-audit --no-fund --loglevel=error

FROM python:3.11-slim AS clients
LABEL org.opencontainers.image.title="manywire clients" \
      org.opencontainers.image.description="Python clients that call manywire, none of them ours" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
WORKDIR /manywire
COPY python/requirements-test.txt python/
RUN --mount=type=bind,from=settings,target=/run/settings \
    --mount=type=cache,target=/root/.cache/pip \
    [ ! -f /run/settings/env ] || . /run/settings/env; \
    pip install --quiet --root-user-action ignore --requirement python/requirements-test.txt
COPY README.md ./
COPY python python
COPY docker/balance.py docker/
ENV PYTHONPATH=/manywire/python PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532

FROM clients AS interop
LABEL org.opencontainers.image.title="manywire interop" \
      org.opencontainers.image.description="Every client against every server, and the bench"
USER root
RUN --mount=type=bind,from=settings,target=/run/settings \
    [ ! -f /run/settings/env ] || . /run/settings/env; \
    apt-get update -qq && apt-get install -y -qq --no-install-recommends ruby ruby-xmlrpc librpc-xml-perl >/dev/null && \
    rm -rf /var/lib/apt/lists/*
USER 65532:65532
COPY --from=build-node /usr/local/bin/node /usr/local/bin/
COPY proto proto
COPY crates crates
COPY scripts scripts
COPY --from=build-node /src/node_modules crates/interop/node/node_modules
COPY --from=build-drivers /_native.abi3.so python/manywire/
COPY --from=build-drivers /out target/release
COPY --from=build-go /out target/release
COPY --from=build-go /bench target/interop-go
COPY --from=build /out/manywire target/release/
COPY --from=build --chown=65532:65532 /out/data target/bench-data
ENV MANYWIRE_PYTHON=/usr/local/bin/python MANYWIRE_DATA_DIR=/tmp/data
ENTRYPOINT ["target/release/interop", "--peers", "crates/interop"]

FROM scratch AS server
LABEL org.opencontainers.image.title="manywire" \
      org.opencontainers.image.description="One service on every wire: net/rpc, JSON-RPC, XML-RPC, zerorpc, gRPC, HTTP" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
COPY --from=build /out/manywire /manywire
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo
COPY --from=build --chown=65532:65532 /out/data /data
ENV MANYWIRE_HOST=0.0.0.0 MANYWIRE_DATA_DIR=/data
USER 65532:65532
VOLUME /data
EXPOSE 1234 2021 4242 4243 7070 8000 8003 8080 8088
HEALTHCHECK --interval=3s --timeout=3s --retries=3 CMD ["/manywire", "health"]
ENTRYPOINT ["/manywire"]
CMD ["serve"]
