# Three images: the server (`docker build -t manywire .`), and by --target `clients` (the Python clients of python/) and
# `interop` (every foreign client and server, and the bench).
#
# SETTINGS names an image whose file /env the shell reads before anything is downloaded: proxies, certificates, mirrors.
# By default there is none; nothing of it stays in an image.
ARG SETTINGS=scratch
FROM ${SETTINGS} AS settings

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY proto proto
COPY crates crates
# glibc is linked in: the same allocator and speed as outside a container. With --target, macros and build scripts are
# linked as ever.
ENV RUSTFLAGS="-C target-feature=+crt-static" CARGO_PROFILE_RELEASE_STRIP=symbols
RUN --mount=type=bind,from=settings,target=/run/settings \
    --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    [ ! -f /run/settings/env ] || . /run/settings/env; \
    target=$(rustc --print host-tuple) && mkdir -p /out/data && \
    cargo build --release --locked --target "$target" --package manywire && \
    cp "target/$target/release/manywire" /out/

FROM build AS build-peers
RUN --mount=type=bind,from=settings,target=/run/settings \
    --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    [ ! -f /run/settings/env ] || . /run/settings/env; \
    target=$(rustc --print host-tuple) && mkdir -p /out/release/examples && \
    cargo build --release --locked --target "$target" --package manywire-interop --bins && \
    cargo build --release --locked --target "$target" --package manywire-grpc --example bare && \
    cd "target/$target/release" && cp examples/bare /out/release/examples/ && \
    find . -maxdepth 1 -type f -executable -exec cp -t /out/release {} +

FROM golang:1.26-bookworm AS build-go
ENV CGO_ENABLED=0 GOTOOLCHAIN=local
WORKDIR /src
COPY crates/interop/go interop
COPY crates/grpc/go grpc
RUN --mount=type=bind,from=settings,target=/run/settings \
    --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    [ ! -f /run/settings/env ] || . /run/settings/env; \
    mkdir /out && (cd interop && go build -trimpath -o /out ./cmd/...) && (cd grpc && go build -trimpath -o /out ./cmd/...)

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
COPY crates crates
COPY scripts scripts
COPY --from=build-peers /out/release target/release
COPY --from=build-go /out target/interop-go
COPY --from=build --chown=65532:65532 /out/data target/bench-data
ENV MANYWIRE_PYTHON=/usr/local/bin/python MANYWIRE_DATA_DIR=/tmp/data
CMD ["scripts/bench", "--no-build"]

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
