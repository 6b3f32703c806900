# CanopyDNS in a small image that runs as a user who is not root.
#
#   docker build -t canopydns:0.1.0 .
#
# BASE may be any Debian 12 or 13.  Needs BuildKit or buildah: compiled objects
# are kept between builds.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
WORKDIR /src
COPY deploy/install.sh deploy/install.sh
RUN deploy/install.sh build
COPY . .
ARG HARDENING="-D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fstack-clash-protection -fPIE"
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake -S . -B /build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
      -DCMAKE_CXX_FLAGS="${HARDENING}" \
      -DCMAKE_EXE_LINKER_FLAGS="-pie -Wl,-z,relro,-z,now,--as-needed" \
 && cmake --build /build --target canopydns \
 && install -D --strip /build/canopydns /out/canopydns \
 && deploy/runtime-packages.sh /out/canopydns >/out/packages \
 && rm -rf /build

FROM ${BASE}
COPY --from=build /out/packages /usr/share/canopydns/packages
RUN apt-get -qq update \
 && DEBIAN_FRONTEND=noninteractive xargs -a /usr/share/canopydns/packages \
      apt-get -qq -y --no-install-recommends install ca-certificates \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt \
      /var/log/dpkg.log
COPY --from=build /out/canopydns /usr/bin/canopydns
USER 65532:65532
# Finds a library that was forgotten above.
RUN ["/usr/bin/canopydns", "version"]
EXPOSE 53/udp 53/tcp 10053/udp 10053/tcp 8080/tcp
ENTRYPOINT ["/usr/bin/canopydns"]
